// SPDX-License-Identifier: MIT
//
// Presence stays true while workers of two relays are killed, Redis loses its
// data, and users join and leave: no ghost, no duplicate, no missing member.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startStack, until } from '../stack.mjs';
import { KEY, Wire } from './clients.mjs';
import { between, random } from './random.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const APPS = JSON.stringify({ apps: [APP] });
const CHANNELS = ['presence-a', 'presence-b', 'presence-c'];
const USERS = Array.from({ length: 10 }, (_, i) => `user ${i}`);
const CLIENTS_MAX = 40;
const STEPS = 400;
const STEP_MS = 40;
const KILL_EVERY = 40; // steps
const FORGET_AT = 130;
const RESTART_AT = 270;
// the lease, a sweep, and the grace period after a new registration
const SETTLE_MS = 30_000;

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2', PUSHLOG_APPS: APPS } });
after(() => stack.stop());
const second = await startRelay(stack, { PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: APPS, PUSHLOG_APP_KEY: undefined,
  PUSHLOG_APP_SECRET: undefined });
const server = openServer(stack, APP);

const { rng, seed } = random();
const pick = (list) => list[between(rng, 0, list.length - 1)];

/** A user's connection, whose view comes from the relay's messages alone. */
class Client {
  constructor(wire, user, at) {
    this.wire = wire;
    this.at = at;
    this.user = user;
    this.rooms = new Map(); // channel -> Set of users; undefined: not in yet
    this.wrong = [];
    this.heard = []; // '+user' and '-user', of the last phase
    wire.onText = (text) => this.#take(JSON.parse(text));
  }

  get isOpen() {
    return this.wire.ended === undefined && !this.isClosing;
  }

  join(channel) {
    this.rooms.set(channel, undefined);
    this.wire.send({ event: 'pusher:subscribe', data: { channel,
      ...server.authorizeChannel(this.wire.socketId, channel,
        { user_id: this.user }) } });
  }

  leave(channel) {
    this.rooms.delete(channel);
    this.wire.send({ event: 'pusher:unsubscribe', data: { channel } });
  }

  /** Closes with a Close frame, or without one. */
  close(isPolite) {
    this.isClosing = true;
    if (isPolite) this.wire.socket.close();
    else this.wire.socket.terminate();
  }

  #take({ event, channel, data }) {
    if (event === 'pusher:error') this.wrong.push(data.message);
    if (!this.rooms.has(channel)) return; // it has left meanwhile
    const told = JSON.parse(data);
    const room = this.rooms.get(channel);
    if (event === 'pusher_internal:subscription_succeeded') {
      this.rooms.set(channel, new Set(told.presence.ids));
    } else if (room && event === 'pusher_internal:member_added') {
      this.#note(!room.has(told.user_id), `+${told.user_id}`, channel);
      room.add(told.user_id);
    } else if (room && event === 'pusher_internal:member_removed') {
      this.#note(room.delete(told.user_id), `-${told.user_id}`, channel);
    }
  }

  #note(isRight, what, channel) {
    this.heard.push(`${channel} ${what}`);
    if (!isRight) this.wrong.push(`${channel} ${what} twice`);
    if (what === `-${this.user}`) this.wrong.push(`${channel}: I am gone`);
  }
}

let clients = [];

async function come(user = pick(USERS), at = pick([stack, second.socket])) {
  const wire = await Wire.open(at).catch(() => undefined); // a worker died
  if (!wire || wire.ended) return;
  const client = new Client(wire, user, at);
  clients.push(client);
  for (const channel of CHANNELS) if (rng() < 0.6) client.join(channel);
}

function change() {
  const client = pick(clients);
  if (!client?.isOpen) return;
  const channel = pick(CHANNELS);
  if (client.rooms.get(channel)) client.leave(channel);
  else if (!client.rooms.has(channel)) client.join(channel);
}

const workers = () => [...stack.workers(), ...second.workers()];

async function step(i) {
  const open = clients.filter((client) => client.isOpen);
  const chance = rng();
  if (open.length < CLIENTS_MAX && chance < 0.45) await come();
  else if (chance < 0.65) pick(open)?.close(rng() < 0.5);
  else change();
  if (i % KILL_EVERY === KILL_EVERY - 1) process.kill(pick(workers()), 'SIGKILL');
  if (i === FORGET_AT) await stack.redis(['flushall']);
  if (i === RESTART_AT) {
    await stack.restarted('redis', stack.kill('redis'));
  }
}

/** channel -> Map of the present users -> their connections. */
function truth() {
  const all = new Map(CHANNELS.map((channel) => [channel, new Map()]));
  for (const client of clients.filter((one) => one.isOpen)) {
    for (const channel of client.rooms.keys()) {
      const users = all.get(channel);
      users.set(client.user, (users.get(client.user) ?? 0) + 1);
    }
  }
  return all;
}

const list = (users) => [...users].sort().join();

/** Differences between the clients' views and the truth. */
function errors() {
  const all = truth();
  return clients.filter((client) => client.isOpen).flatMap((client) =>
    [...client.rooms].filter(([channel, room]) =>
      !room || list(room) !== list(all.get(channel).keys()))
      .map(([channel, room]) => `${client.user} in ${channel}: ${
        room ? list(room) : 'not in'}, but ${list(all.get(channel).keys())}`));
}

async function settle() {
  await until('all views are true', () => errors().length === 0,
    SETTLE_MS).catch((error) => {
    throw new Error(`${error.message}\nseed ${seed}\n${errors().join('\n')}`);
  });
  const wrong = clients.flatMap((client) => client.wrong);
  assert.deepEqual(wrong, [], `seed ${seed}`);
}

/** The HTTP API agrees. */
async function compareCounts() {
  const expected = Object.fromEntries([...truth()]
    .filter(([, users]) => users.size > 0)
    .map(([channel, users]) => [channel, { user_count: users.size,
      subscription_count: [...users.values()].reduce((a, b) => a + b) }]));
  let last;
  await until('the counts are true', async () => {
    last = await (await server.get({ path: '/channels', params: {
      filter_by_prefix: 'presence-', info: 'user_count,subscription_count' } }))
      .json();
    assert.deepEqual(last.channels, expected);
    return true;
  }, SETTLE_MS).catch((error) => {
    throw new Error(`seed ${seed}: ${error.message}`);
  });
}

test('members join and leave while workers are killed and Redis loses its data',
  stack.logged(async () => {
    for (let i = 0; i < STEPS; i += 1) {
      await step(i);
      await pause(STEP_MS);
    }
    await settle();
    await compareCounts();
    clients = clients.filter((client) => client.isOpen);
    assert.ok(clients.length > 0, `seed ${seed}`);
  }));

test('a member lost with its worker is removed once, and no other member is',
  stack.logged(async () => {
    await Promise.all(USERS.map(() => come(pick(USERS), stack)));
    await Promise.all(USERS.map((user) => come(user, second.socket)));
    await come('somebody', stack);
    await come('who is nowhere else', second.socket);
    for (const channel of CHANNELS) {
      for (const client of clients.slice(-2)) {
        if (!client.rooms.has(channel)) client.join(channel);
      }
    }
    await settle();
    const before = truth();
    for (const client of clients) client.heard = [];
    for (const worker of second.workers()) process.kill(worker, 'SIGKILL');
    await until('its connections are gone', () => clients.every((client) =>
      client.at === stack || !client.isOpen));
    await settle();
    const now = truth();
    for (const client of clients.filter((one) => one.isOpen)) {
      const gone = [...client.rooms.keys()].flatMap((channel) =>
        [...before.get(channel).keys()]
          .filter((user) => !now.get(channel).has(user))
          .map((user) => `${channel} -${user}`));
      assert.deepEqual(client.heard.sort(), gone.sort(), `seed ${seed}`);
    }
    await compareCounts();
    for (const client of clients) client.close(true);
    clients = [];
    await compareCounts();
  }));
