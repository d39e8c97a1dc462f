// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { launch, openPerson, range } from './browser.mjs';

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

let ada;
beforeEach(async () => {
  ada = await openPerson(browser, stack.origin);
  await ada.join('Ada');
});
afterEach(() => ada.leave());

// Posts this many messages; returns the highest id.
async function postMany(count) {
  let id;
  for (let at = 0; at < count; at += 1) {
    ({ id } = await stack.post('Eve', `message ${at}`));
  }
  return id;
}

// The page shows at most this many at first; the tests stay below it.
const head = async () => (await stack.get({ limit: 1 })).head;

test('killed workers leave no gap and no duplicate on the page',
  stack.logged(async () => {
    let last = await postMany(3);
    await ada.sees(range(1, last));
    for (let round = 0; round < 3; round += 1) {
      const before = stack.workers();
      for (const pid of before) process.kill(pid, 'SIGKILL');
      last = await postMany(5);
      await until('the workers are replaced', () =>
        stack.workers().some((pid) => !before.includes(pid)));
    }
    await ada.sees(range(1, last), 30_000);
    await ada.isLive();
    last = await postMany(1); // and live messages continue
    await ada.sees(range(1, last));
  }));

test('a relay that is down for a while leaves no gap and no duplicate',
  stack.logged(async () => {
    await stack.hold('relay');
    await until('the page tells that it is not connected',
      async () => await ada.connection() === 'Reconnecting…');
    const last = await postMany(10);
    await stack.release('relay');
    await ada.isLive(60_000);
    await ada.sees(range(1, last));
  }));

test('a message written while the server is down is stored once, later',
  stack.logged(async () => {
    const before = await head();
    await stack.hold('messages-fcgi');
    await ada.say('written in the dark');
    await until('the page tells that it is not sent', async () =>
      /Not sent yet/.test((await ada.pending())[0]));
    // a reload does not lose it
    await ada.page.reload();
    await until('it is still there', async () =>
      /written in the dark/.test((await ada.pending())[0]));
    await stack.release('messages-fcgi');
    await until('it is stored', async () =>
      (await ada.pending()).length === 0, 60_000);
    await ada.isLive(60_000);
    const { results } = await stack.get({ after_id: before });
    assert.deepEqual(results.map(({ text }) => text), ['written in the dark']);
    await ada.sees(range(1, before + 1));
  }));

test('a post whose answer is lost is stored once', stack.logged(async () => {
  const before = await head();
  let lost = 0;
  await ada.page.route('**/messages', async (route) => {
    if (route.request().method() !== 'POST' || lost === 2) {
      return route.continue();
    }
    lost += 1;
    await route.fetch(); // reaches the server, and is stored
    return route.abort('connectionreset');
  });
  await ada.say('said once');
  await ada.sees(range(1, before + 1));
  await until('the page knows that it is stored', async () =>
    (await ada.pending()).length === 0);
  assert.equal(lost, 2);
  const { results } = await stack.get({ after_id: before });
  assert.deepEqual(results.map(({ text }) => text), ['said once']);
}));

test('a backfill that fails is tried again until it succeeds',
  stack.logged(async () => {
    let last = await head();
    await ada.sees(range(1, last));
    let refused = 0;
    await ada.page.route('**/messages?*', (route) => {
      if (refused === 2) return route.continue();
      refused += 1;
      return route.fulfill({ status: 503, body: '' });
    });
    await stack.hold('relay');
    last = await postMany(4);
    await stack.release('relay');
    await ada.sees(range(1, last), 60_000);
    assert.equal(refused, 2);
    await ada.isLive();
  }));
