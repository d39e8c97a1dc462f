// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { launch, openPerson, range } from './browser.mjs';

const require = createRequire(import.meta.url);
const CLIENTS = [
  ['pusher-js 8', require.resolve('pusher-js/dist/web/pusher.min.js')],
  ['pusher-js 3.0.0', require.resolve('pusher-js-3/dist/pusher.min.js')],
];

// The tutorial's page: subscribe; on every subscription_succeeded request the
// messages after the last id held; drop duplicates by id; the rest is pushed.
const PAGE = `
  const held = [];
  const pushed = [];
  let subscriptions = 0;

  function addMessage(message) {
    if (held.some(({ id }) => id === message.id)) return;
    held.push(message);
    held.sort((a, b) => a.id - b.id);
  }

  async function start() {
    const { key, channel } = await (await fetch('/config.json')).json();
    const { protocol, hostname, port } = window.location;
    const pusher = new Pusher(key, {
      wsHost: hostname,
      wsPort: Number(port),
      wssPort: Number(port),
      forceTLS: protocol === 'https:',
      cluster: 'pushlog',
      enabledTransports: ['ws', 'wss'],
      disableStats: true,
    });
    const feed = pusher.subscribe(channel);
    feed.bind('new_message', (message) => {
      pushed.push(message);
      addMessage(message);
    });
    feed.bind('pusher:subscription_succeeded', async () => {
      const last = held.length ? held[held.length - 1].id : 0;
      const response = await fetch('/messages?after_id=' + last);
      (await response.json()).results.forEach(addMessage);
      subscriptions += 1;
    });
  }
  start();
`;

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

// The tutorial's page, in place of a document of the stack. A document made up
// by the test would have an opaque origin, and Chromium lets such a page open
// no socket to this machine. Its scripts are inline.
async function openTutorial(client) {
  const person =
    await openPerson(browser, stack.origin, { bypassCSP: true });
  await person.page.goto('/config.json');
  await person.page.addScriptTag({ path: client });
  await person.page.addScriptTag({ content: PAGE });
  await subscribed(person, 1);
  return person;
}

function subscribed(person, count, deadlineMs) {
  return until(`the page has subscribed, time ${count}`, () =>
    person.page.evaluate('subscriptions').then((it) => it >= count),
  deadlineMs);
}

async function postMany(count) {
  for (const at of range(1, count)) await stack.post('Eve', `message ${at}`);
}

// The page holds exactly the log's messages.
async function assertHoldsAll(person) {
  const { results } = await stack.get({ after_id: 0 });
  await until('the page holds every message', () =>
    person.page.evaluate('held.length').then((it) => it === results.length));
  assert.deepEqual(await person.page.evaluate('held'), results);
}

for (const [name, client] of CLIENTS) {
  test(`the tutorial's page with ${name} gets every message`,
    stack.logged(async () => {
      await postMany(3); // history
      const person = await openTutorial(client);
      await assertHoldsAll(person);
      await postMany(20); // live
      await assertHoldsAll(person);
      const pushed = await person.page.evaluate('pushed.map(({ id }) => id)');
      const { head } = await stack.get({ limit: 1 });
      assert.deepEqual(pushed, range(head - 19, head));
      await person.leave();
    }));

  test(`the tutorial's page with ${name} misses nothing over a reconnect`,
    stack.logged(async () => {
      const person = await openTutorial(client);
      for (const pid of stack.workers()) process.kill(pid, 'SIGKILL');
      await postMany(10); // while it is unavailable
      await subscribed(person, 2, 40_000);
      await assertHoldsAll(person);
      await stack.hold('relay'); // a stop, which says goodbye
      await postMany(10);
      await stack.release('relay');
      await subscribed(person, 3, 60_000);
      await postMany(5);
      await assertHoldsAll(person);
      await person.leave();
    }));
}
