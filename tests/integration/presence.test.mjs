// SPDX-License-Identifier: MIT
//
// Presence channels as pusher-js shows them, for connections at any worker and
// under any fault of Redis.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const SMALL = { id: '2', key: 'small', secret: 'the secret of the second' };

const APPS = JSON.stringify({ apps: [
  { ...APP, durable_channels: ['presence-log-*'] },
  { ...SMALL, presence_members_max: 2 },
] });
const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2', PUSHLOG_APPS: APPS } });
after(() => stack.stop());

const presenceTest = (name, fn) => test(name, stack.logged(fn));
let channels = 0;

function newChannel() {
  channels += 1;
  return `presence-${channels}`;
}

const servers = new Map([APP, SMALL].map((app) => [app, openServer(stack, app)]));

function signed(socketId, channel, member, app = APP) {
  return servers.get(app).authorizeChannel(socketId, channel, member);
}

/** A user's page: pusher-js in the channel; told: the events about others. */
async function enter(t, channel, id, { info, app = APP } = {}) {
  const member = { user_id: id, user_info: info };
  const pusher = openPusher(stack, { key: app.key, channelAuthorization: {
    customHandler: ({ socketId, channelName }, callback) =>
      callback(null, signed(socketId, channelName, member, app)) } });
  t.after(() => closePusher(pusher));
  const page = { pusher, told: [], channel: pusher.subscribe(channel) };
  page.channel.bind('pusher:member_added', (one) => page.told.push(['+', one]));
  page.channel.bind('pusher:member_removed', (one) => page.told.push(['-', one.id]));
  page.channel.bind('pusher:subscription_error', (data) => { page.refused = data; });
  page.channel.bind('pusher:subscription_succeeded', () => { page.isIn = true; });
  await until(`${id} is in`, () => page.isIn || page.refused);
  return page;
}

/** A raw connection, in the channel; at: the socket of another relay. */
async function enterRaw(t, channel, id, { app = APP, info, at = stack } = {}) {
  const wire = await Wire.open(at, { key: app.key });
  t.after(() => wire.close());
  wire.told = await wire.subscribe(channel,
    signed(wire.socketId, channel, { user_id: id, user_info: info }, app));
  return wire;
}

const ids = (page) => Object.keys(page.channel.members.members).sort();

async function sees(page, list, deadlineMs) {
  await until(`${list} are there`, () => ids(page).join() === list.join(), deadlineMs)
    .catch((error) => {
      throw new Error(`${error.message}: ${ids(page)}`);
    });
  assert.equal(page.channel.members.count, list.length);
}

presenceTest('a new member sees the members, and they see it with its ' +
  'user_info', async (t) => {
  const channel = newChannel();
  const ann = await enter(t, channel, 'ann', { info: { name: 'Ann "A"' } });
  assert.deepEqual(ids(ann), ['ann']);
  assert.deepEqual(ann.channel.members.me,
    { id: 'ann', info: { name: 'Ann "A"' } });
  const bob = await enter(t, channel, 'bob', { info: { name: 'Bob ü' } });
  assert.deepEqual(ids(bob), ['ann', 'bob']);
  assert.deepEqual(bob.channel.members.get('ann').info, { name: 'Ann "A"' });
  await sees(ann, ['ann', 'bob']);
  assert.deepEqual(ann.told, [['+', { id: 'bob', info: { name: 'Bob ü' } }]]);
  bob.pusher.unsubscribe(channel);
  await sees(ann, ['ann']);
  assert.deepEqual(ann.told.slice(1), [['-', 'bob']]);
  assert.deepEqual(bob.told, []);
});

presenceTest('a closed connection removes its member', async (t) => {
  const channel = newChannel();
  const ann = await enter(t, channel, 'ann');
  const bob = await enterRaw(t, channel, '7');
  await sees(ann, ['7', 'ann']);
  bob.socket.terminate();
  await sees(ann, ['ann']);
});

presenceTest('only the first and the last connection of a user are announced',
  async (t) => {
    const channel = newChannel();
    const ann = await enter(t, channel, 'ann');
    const wires = await Promise.all(Array.from({ length: 8 }, () =>
      enterRaw(t, channel, 'bob')));
    await sees(ann, ['ann', 'bob']);
    for (const wire of wires) {
      assert.equal(wire.told.presence.count, 2);
      assert.deepEqual(wire.told.presence.ids.sort(), ['ann', 'bob']);
    }
    const last = wires.pop();
    await Promise.all(wires.map((wire) => wire.close()));
    await enterRaw(t, channel, 'carl');
    await sees(ann, ['ann', 'bob', 'carl']);
    await last.close();
    await sees(ann, ['ann', 'carl']);
    assert.deepEqual(ann.told.map(([sign, who]) => [sign, who.id ?? who]),
      [['+', 'bob'], ['+', 'carl'], ['-', 'bob']]);
  });

presenceTest('members without user_info are announced without it',
  async (t) => {
  const channel = newChannel();
  const ann = await enterRaw(t, channel, 'ann');
  assert.deepEqual(ann.told,
    { presence: { ids: ['ann'], hash: { ann: null }, count: 1 } });
  await enterRaw(t, channel, 'bob', { info: [1] });
  const { channel: where, data } = await ann.next('pusher_internal:member_added');
  assert.equal(where, channel);
  assert.deepEqual(JSON.parse(data), { user_id: 'bob', user_info: [1] });
});

presenceTest("a user's id may look like a reply of Redis", async (t) => {
  const [alone, other] = [newChannel(), newChannel()];
  const pong = await enterRaw(t, alone, 'pong');
  assert.deepEqual(pong.told.presence.ids, ['pong']);
  // the next answer belongs to the next question
  const ann = await enter(t, other, 'ann');
  await enterRaw(t, other, 'bob');
  await sees(ann, ['ann', 'bob']);
  await enterRaw(t, alone, 'PONG');
  const { data } = await pong.next('pusher_internal:member_added');
  assert.deepEqual(JSON.parse(data), { user_id: 'PONG' });
});

presenceTest('a full channel refuses new members until one leaves',
  async (t) => {
    const channel = newChannel();
    const app = SMALL;
    const ann = await enter(t, channel, 'ann', { app });
    const bob = await enter(t, channel, 'bob', { app });
    const carl = await enter(t, channel, 'carl', { app });
    assert.equal(carl.refused?.type, 'LimitReached');
    assert.equal(carl.refused.status, 403);
    assert.match(carl.refused.error, /Too many members/);
    // a further connection of the same user is no new member
    assert.equal((await enter(t, channel, 'bob', { app })).refused, undefined);
    assert.deepEqual(ids(ann), ['ann', 'bob']);
    ann.pusher.disconnect();
    await sees(bob, ['bob']);
    await enter(t, channel, 'carl', { app });
    await sees(bob, ['bob', 'carl']);
  });

presenceTest('a presence channel may have a history', async (t) => {
  const ann = await enterRaw(t, 'presence-log-1', 'ann');
  assert.equal(ann.told.base, 0);
  assert.match(ann.told.epoch, /./);
  assert.deepEqual(ann.told.presence.ids, ['ann']);
});

presenceTest('a connection that leaves while pending is not a member',
  async (t) => {
  const channel = newChannel();
  const ann = await enter(t, channel, 'ann');
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  for (let i = 0; i < 5; i += 1) {
    wire.send({ event: 'pusher:subscribe', data: { channel,
      ...signed(wire.socketId, channel, { user_id: 'bob' }) } });
    wire.send({ event: 'pusher:unsubscribe', data: { channel } });
  }
  await enterRaw(t, channel, 'carl');
  await sees(ann, ['ann', 'carl']);
});

presenceTest('the members of a dead worker are removed, once each',
  async (t) => {
  const channel = newChannel();
  const relay = await startRelay(stack, { PUSHLOG_APPS: APPS,
    PUSHLOG_APP_KEY: undefined, PUSHLOG_APP_SECRET: undefined });
  const ann = await enter(t, channel, 'ann');
  const there = (id) => enterRaw(t, channel, id, { at: relay.socket });
  const wires = await Promise.all(['ann', 'bob', 'bob', 'carl'].map(there));
  await enterRaw(t, channel, 'carl');
  await sees(ann, ['ann', 'bob', 'carl']);
  process.kill(relay.workers()[0], 'SIGKILL');
  await Promise.all(wires.map((wire) => wire.closed()));
  await sees(ann, ['ann', 'carl'], 20_000);
  assert.deepEqual(ann.told.filter(([sign]) => sign === '-'), [['-', 'bob']]);
});

presenceTest('members join and leave without Redis, and agree again after it',
  async (t) => {
    const channel = newChannel();
    const ann = await enter(t, channel, 'ann');
    const bob = await enter(t, channel, 'bob');
    const dan = await enter(t, channel, 'dan');
    for (const page of [ann, bob, dan]) await sees(page, ['ann', 'bob', 'dan']);
    t.after(() => stack.release('redis'));
    await stack.hold('redis');
    const carl = await enter(t, channel, 'carl');
    await sees(carl, ids(carl).includes('ann') ? ['ann', 'bob', 'carl', 'dan']
      : ids(carl));
    dan.pusher.disconnect();
    await stack.release('redis');
    for (const page of [ann, bob, carl]) {
      await sees(page, ['ann', 'bob', 'carl'], 30_000);
    }
    assert.deepEqual(ann.told.map(([sign, who]) => [sign, who.id ?? who]),
      [['+', 'bob'], ['+', 'dan'], ['+', 'carl'], ['-', 'dan']]);
  });

presenceTest('a full Redis delays nobody', async (t) => {
  const channel = newChannel();
  const ann = await enter(t, channel, 'ann');
  const full = (bytes) => stack.redis(['config', 'set', 'maxmemory', bytes]);
  t.after(() => full('0'));
  await full('1');
  const pages = [ann, ...await Promise.all(['bob', 'carl', 'dan', 'eve']
    .map((id) => enter(t, channel, id)))];
  await full('0');
  for (const page of pages) {
    await sees(page, ['ann', 'bob', 'carl', 'dan', 'eve'], 30_000);
  }
  assert.ok(ann.told.every(([sign]) => sign === '+'));
});

presenceTest('a Redis that loses its data removes no member', async (t) => {
  const channel = newChannel();
  const pages = await Promise.all(['ann', 'bob', 'carl', 'dan']
    .map((id) => enter(t, channel, id)));
  for (const page of pages) await sees(page, ['ann', 'bob', 'carl', 'dan']);
  await stack.redis(['flushall']);
  pages.push(await enter(t, channel, 'eve'));
  for (const page of pages) await sees(page, ['ann', 'bob', 'carl', 'dan', 'eve'], 20_000);
  pages.shift().pusher.disconnect();
  for (const page of pages) await sees(page, ['bob', 'carl', 'dan', 'eve'], 20_000);
  for (const page of pages) {
    assert.ok(page.told.every(([sign, who]) => sign === '+' || who === 'ann'));
  }
});
