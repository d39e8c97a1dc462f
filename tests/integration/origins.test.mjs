// SPDX-License-Identifier: MIT
//
// Which pages may connect: those of the origins that the app allows, and who is
// no page.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { address, openPusher, QUERY, Wire } from './clients.mjs';
import { startRelay } from './relay.mjs';

const LISTED = { id: '1', key: 'listed', secret: 'the secret of the first' };
const OPEN = { id: '2', key: 'open', secret: 'the secret of another' };

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...LISTED, allowed_origins: ['https://example.org',
      'http://localhost:3000', 'https://*.example.com'] },
    OPEN,
  ] }),
} });
after(() => stack.stop());
const originTest = (name, fn) => test(name, stack.logged(fn));

/** The status of the handshake by a page of this origin. */
async function status(origin, { key = LISTED.key, at = stack } = {}) {
  const wire = new Wire(address(at, `/app/${key}?${QUERY}`),
    { headers: origin === undefined ? {} : { Origin: origin } });
  const opened = wire.next('pusher:connection_established').then(() => 101,
    () => wire.refused);
  const answer = await opened;
  await wire.close();
  return answer;
}

for (const origin of ['https://example.org', 'http://localhost:3000',
  'https://www.example.com']) {
  originTest(`a page of ${origin} connects`, async () => {
    assert.equal(await status(origin), 101);
  });
}

for (const origin of ['https://evil.example', 'null', '',
  'http://example.org', 'https://example.org:8443', 'https://example.org:443',
  'http://localhost', 'http://localhost:30000', 'https://example.org/',
  'https://example.org.evil.example', 'https://evil-example.org',
  'https://evil.example.org', 'https://example.or', 'https://EXAMPLE.org',
  'https://example.com', 'https://a.b.example.com', 'https://*.example.com',
  'https://example.org https://evil.example',
  'https://example.org, https://evil.example']) {
  originTest(`a page of '${origin}' gets 403`, async () => {
    assert.equal(await status(origin), 403);
  });
}

originTest('what is no page connects', async (t) => {
  assert.equal(await status(undefined), 101);
  const pusher = openPusher(stack, { key: LISTED.key });
  t.after(() => pusher.disconnect());
  await new Promise((resolve) => {
    pusher.connection.bind('connected', resolve);
  });
});

originTest('an app that lists none lets any page in', async () => {
  for (const origin of ['https://evil.example', 'null']) {
    assert.equal(await status(origin, { key: OPEN.key }), 101);
  }
});

originTest('one app is told its origins by environment', async () => {
  const own = await startRelay(stack,
    { PUSHLOG_ALLOWED_ORIGINS: 'https://a.example, https://b.example' });
  const at = { key: 'pushlog-dev', at: own.socket };
  assert.equal(await status('https://b.example', at), 101);
  assert.equal(await status('https://c.example', at), 403);
});
