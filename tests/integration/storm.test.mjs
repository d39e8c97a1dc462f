// SPDX-License-Identifier: MIT
//
// Clients join, leave and talk without pause, while Redis is full, loses its
// data and dies, and a worker is killed. Only the end is checked: when all have
// left, no member remains, and Redis holds nothing of them.

import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startStack, until } from '../stack.mjs';
import { KEY, Wire } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const APPS = [
  { id: '1', key: KEY, secret: 'the secret of the first',
    client_events: true, subscription_count: true },
  { id: '2', key: 'small', secret: 'the secret of the second',
    client_events: true, presence_members_max: 3 },
];
const PEOPLE = 20;
const STEPS = 120;
const STEP_MS = 50;
const USERS = ['ann', 'b c', 'pong', 'd\ne', '2 x', '日本'];
const CHANNELS = ['presence-a', 'presence-cache-b', 'private-c', 'cache-d', 'e'];

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2', PUSHLOG_APPS: JSON.stringify({ apps: APPS }) } });
after(() => stack.stop());
const servers = new Map(APPS.map((app) => [app.key, openServer(stack, app)]));

const seed = Number(process.env.STORM_SEED) || Date.now() % 2 ** 31;
let state = seed;

function draw(list) {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return list[(state >> 8) % list.length];
}

/** Undefined if a worker died under the connection. */
async function come() {
  const key = draw([...servers.keys()]);
  const wire = await Wire.open(stack, { key }).catch(() => undefined);
  if (wire) wire.key = key;
  return wire;
}

function signed({ key, socketId }, channel, id) {
  const server = servers.get(key);
  if (channel.startsWith('presence-')) {
    return server.authorizeChannel(socketId, channel, { user_id: id });
  }
  return channel.startsWith('private-')
    ? server.authorizeChannel(socketId, channel) : {};
}

const deeds = {
  subscribe: (wire, channel, id) => wire.send({ event: 'pusher:subscribe',
    data: { channel, ...signed(wire, channel, id) } }),
  unsubscribe: (wire, channel) => wire.send({ event: 'pusher:unsubscribe',
    data: { channel } }),
  speak: (wire, channel, id) => wire.send({ event: 'client-a', channel, data: id }),
  signIn: (wire, channel, id) => wire.send({ event: 'pusher:signin',
    data: servers.get(wire.key).authenticateUser(wire.socketId,
      { id, watchlist: USERS }) }),
  own: (wire, channel, id) => wire.send({ event: 'pusher:subscribe',
    data: { channel: `#server-to-user-${id}` } }),
  leave: (wire) => wire.socket.terminate(),
};
const OFTEN = ['subscribe', 'subscribe', 'subscribe', 'unsubscribe', 'speak'];

/** Faults, keyed by the step at which they happen. */
const blows = {
  20: () => stack.redis(['config', 'set', 'maxmemory', '1']),
  35: () => stack.redis(['config', 'set', 'maxmemory', '0']),
  45: () => stack.redis(['script', 'flush']),
  60: () => stack.redis(['flushall']),
  75: () => stack.kill('redis'),
  95: () => process.kill(stack.workers()[0], 'SIGKILL'),
};

test('after any faults, a client that has left is not present',
  stack.logged(async (t) => {
  t.diagnostic(`STORM_SEED=${seed}`);
  let wires = [];
  for (let step = 0; step < STEPS; step += 1) {
    wires = wires.filter((wire) => wire && !wire.ended);
    while (wires.length < PEOPLE) wires.push(await come());
    for (const wire of wires) {
      if (wire?.socket.readyState !== 1) continue; // not open
      const deed = draw([...OFTEN, draw(Object.keys(deeds))]);
      deeds[deed](wire, draw(CHANNELS), draw(USERS));
    }
    await blows[step]?.();
    await pause(STEP_MS);
  }
  for (const wire of wires) wire?.socket.terminate();
  for (const server of servers.values()) {
    await until('all channels are empty', async () =>
      await (await server.get({ path: '/channels' })).text() === '{"channels":{}}',
    30_000);
  }
  await until('nothing is left in Redis', async () =>
    !/users|online|count|occupied|node:/.test(
      await stack.redis(['keys', 'pushlog:roster:*'])), 30_000);
}));
