// SPDX-License-Identifier: MIT
//
// The JavaScript of README.md, run as it stands there: the client holds every
// message after a lost connection, and the server's event has an id.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, test } from 'node:test';

import ServerPusher from 'pusher';
import ClientPusher from 'pusher-js';

import { startStack, until } from '../stack.mjs';
import { closePusher, sever } from './clients.mjs';

const SECRET = 'the secret of the readme';
const README = fs.readFileSync(new URL('../../README.md', import.meta.url),
  'utf8');
const [CLIENT, SERVER] = [...README.matchAll(/^```js\n([^]*?)^```/gm)]
  .map(([, code]) => code);

const stack = await startStack({ env: { PUSHLOG_APP_SECRET: SECRET,
  PUSHLOG_DURABLE_CHANNELS: 'orders-*' } });
after(() => stack.stop());

/** The page's surroundings, and its add: no id twice, sorted by id. */
function openPage() {
  const held = [];
  const add = (message) => {
    if (held.some(({ id }) => id === message.id)) return;
    held.push(message);
    held.sort((a, b) => a.id - b.id);
  };
  const location = new URL(stack.origin);
  const pusher = new Function('Pusher', 'location', 'fetch', 'add',
    `${CLIENT}; return pusher;`)(ClientPusher, location,
    (target) => fetch(stack.origin + target), add);
  return { held, pusher };
}

test("the README's client holds every message after a lost connection",
  stack.logged(async (t) => {
    const texts = ['before', 'live', 'while disconnected', 'again'];
    await stack.post('Ada', texts[0]);
    const { held, pusher } = openPage();
    t.after(() => closePusher(pusher));
    const holds = (count) => until(`the page holds ${count} messages`,
      () => held.length === count);
    await holds(1);
    await stack.post('Ada', texts[1]);
    await holds(2);
    sever(pusher);
    await stack.post('Ada', texts[2]);
    await stack.post('Ada', texts[3]);
    await holds(4);
    assert.deepEqual(held.map(({ text }) => text), texts);
    assert.deepEqual(held.map(({ id }) => id), [1, 2, 3, 4]);
  }));

test("the README's server triggers an event that is stored",
  stack.logged(async () => {
    const code = SERVER.replace('port: 8080', `port: ${stack.port}`);
    assert.notEqual(code, SERVER);
    const server = await new Function('Pusher', 'secret',
      `return (async () => { ${code}; return server; })();`)(
      ServerPusher, SECRET);
    const answer = await server.get({ path: '/channels/orders-7/events' });
    const { results: [event] } = await answer.json();
    assert.equal(event.id, 1);
    assert.equal(event.event, 'paid');
    assert.equal(event.data, '{"order":17}');
  }));
