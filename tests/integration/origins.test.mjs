// SPDX-License-Identifier: MIT
//
// Which pages may connect, post and read: those of the app's allowed origins,
// and clients that send no Origin.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { address, closePusher, openPusher, QUERY, Wire } from './clients.mjs';
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

/** The status of the handshake from a page of this origin. */
async function status(origin, { key = LISTED.key, at = stack } = {}) {
  const wire = new Wire(address(at, `/app/${key}?${QUERY}`),
    { headers: origin === undefined ? {} : { Origin: origin } });
  const opened = wire.next('pusher:connection_established').then(() => 101,
    () => wire.refused);
  const answer = await opened;
  await wire.close();
  return answer;
}

const GOOD = ['https://example.org', 'http://localhost:3000',
  'https://www.example.com'];
const BAD = ['https://evil.example', 'null', '',
  'http://example.org', 'https://example.org:8443', 'https://example.org:443',
  'http://localhost', 'http://localhost:30000', 'https://example.org/',
  'https://example.org.evil.example', 'https://evil-example.org',
  'https://evil.example.org', 'https://example.or', 'https://EXAMPLE.org',
  'https://example.com', 'https://a.b.example.com', 'https://*.example.com',
  'https://example.org https://evil.example',
  'https://example.org, https://evil.example'];

for (const origin of GOOD) {
  originTest(`a page of ${origin} connects`, async () => {
    assert.equal(await status(origin), 101);
  });
}

for (const origin of BAD) {
  originTest(`a page of '${origin}' gets 403`, async () => {
    assert.equal(await status(origin), 403);
  });
}

originTest('a client without an Origin connects', async (t) => {
  assert.equal(await status(undefined), 101);
  const pusher = openPusher(stack, { key: LISTED.key });
  t.after(() => closePusher(pusher));
  await new Promise((resolve) => {
    pusher.connection.bind('connected', resolve);
  });
});

originTest('an app without a list lets any page connect', async () => {
  for (const origin of ['https://evil.example', 'null']) {
    assert.equal(await status(origin, { key: OPEN.key }), 101);
  }
});

originTest('the origins of one app come from the environment', async () => {
  const own = await startRelay(stack,
    { PUSHLOG_ALLOWED_ORIGINS: 'https://a.example, https://b.example' });
  const at = { key: 'pushlog-dev', at: own.socket };
  assert.equal(await status('https://b.example', at), 101);
  assert.equal(await status('https://c.example', at), 403);
});

// --- HTTP ---

const FORM = 'application/x-www-form-urlencoded';

/** A request as a page of this origin makes it. */
function ask(method, path, { origin, headers, body = 'name=Ada&text=x' } = {}) {
  return stack.request(path, { method,
    body: method === 'POST' ? body : undefined,
    headers: { 'Content-Type': FORM, ...headers,
      ...(origin === undefined ? {} : { Origin: origin }) } });
}

/** The CORS headers of an answer: who may read it, and what may be sent. */
const told = ({ headers }) => ['Allow-Origin', 'Allow-Methods', 'Allow-Headers']
  .map((name) => headers.get(`Access-Control-${name}`));

const head = async () => (await stack.get({ limit: 1 })).head;

for (const origin of GOOD) {
  originTest(`a page of ${origin} posts and reads`, async () => {
    const before = await head();
    const posted = await ask('POST', '/messages', { origin });
    assert.equal(posted.status, 200);
    assert.equal(posted.json.id, before + 1);
    const read = await ask('GET', '/messages', { origin });
    assert.equal(read.json.head, before + 1);
    const unchanged = await ask('GET', '/messages', { origin,
      headers: { 'If-None-Match': read.headers.get('ETag') } });
    assert.equal(unchanged.status, 304);
    const wrong = await ask('GET', '/messages?after_id=x', { origin });
    assert.equal(wrong.status, 400);
    const signed = await ask('POST', '/pusher/auth', { origin,
      body: 'socket_id=1.2&channel_name=private-a' });
    assert.equal(signed.status, 200);
    for (const answer of [posted, read, unchanged, wrong, signed]) {
      assert.deepEqual(told(answer), [origin, null, null]);
      assert.equal(answer.headers.get('Vary'), 'Origin');
      assert.equal(answer.headers.get('Access-Control-Allow-Credentials'), null);
    }
  });
}

originTest('a preflight is answered with what may be sent', async () => {
  const [origin] = GOOD;
  const headers = 'Content-Type, Idempotency-Key, Pushlog-Grant';
  const first = await ask('OPTIONS', '/messages', { origin });
  assert.equal(first.status, 204);
  assert.deepEqual(told(first), [origin, 'GET, HEAD, POST, OPTIONS', headers]);
  assert.match(first.headers.get('Access-Control-Max-Age'), /^\d+$/);
  assert.deepEqual(told(await ask('OPTIONS', '/pusher/auth', { origin })),
    [origin, 'POST, OPTIONS', headers]);
});

for (const origin of BAD) {
  originTest(`a page of '${origin}' neither posts nor reads`, async () => {
    const before = await head();
    const fields = 'socket_id=1.2&channel_name=private-a';
    const answers = [
      [403, await ask('POST', '/messages', { origin })],
      [403, await ask('POST', '/pusher/auth', { origin, body: fields })],
      [403, await ask('POST', '/pusher/user-auth', { origin, body: fields })],
      [204, await ask('OPTIONS', '/messages', { origin })],
      // and its browser keeps the answer from it
      [200, await ask('GET', '/messages', { origin })],
    ];
    for (const [status, answer] of answers) {
      assert.equal(answer.status, status);
      assert.deepEqual(told(answer), [null, null, null]);
      assert.equal(answer.headers.get('Vary'), 'Origin');
    }
    assert.equal(await head(), before);
  });
}

originTest('a client without an Origin posts and reads', async () => {
  assert.equal((await ask('POST', '/messages')).status, 200);
  const read = await ask('GET', '/messages');
  assert.deepEqual(told(read), [null, null, null]);
  assert.equal(read.headers.get('Vary'), 'Origin');
});

originTest("an app's server sends no Origin", async () => {
  const answer = await ask('GET', '/apps/1/channels', { origin: GOOD[0] });
  assert.equal(answer.status, 401);
  assert.deepEqual(told(answer), [null, null, null]);
  assert.equal(answer.headers.get('Vary'), null);
});
