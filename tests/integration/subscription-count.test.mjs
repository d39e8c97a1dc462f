// SPDX-License-Identifier: MIT
//
// Subscription counts, where the app enables them.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { connect } from '../roster/resp.mjs';
import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const QUIET = { id: '2', key: 'quiet', secret: 'the secret of the second' };
const CROWD = 100;

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...APP, subscription_count: true, durable_channels: ['log-*'] }, QUIET] }),
} });
after(() => stack.stop());

const countTest = (name, fn) => test(name, stack.logged(fn));

/** pusher-js in the channel; counts: those it received, in order. */
function watch(t, name) {
  const pusher = openPusher(stack);
  t.after(() => closePusher(pusher));
  const page = { counts: [], channel: pusher.subscribe(name) };
  page.channel.bind('pusher:subscription_count',
    ({ subscription_count: count }) => page.counts.push(count));
  return page;
}

async function enter(t, name, key = KEY) {
  const wire = await Wire.open(stack, { key });
  t.after(() => wire.close());
  wire.send({ event: 'pusher:subscribe', data: { channel: name } });
  await wire.next('pusher_internal:subscription_succeeded');
  return wire;
}

const counts = (page, n) => until(`it counts ${n}: ${page.counts}`, () =>
  page.counts.at(-1) === n);

for (const name of ['a', 'log-a']) {
  countTest(`${name}: every join and leave changes the count`, async (t) => {
    const page = watch(t, name);
    await counts(page, 1);
    const wires = [];
    for (let n = 2; n <= 6; n += 1) {
      wires.push(await enter(t, name));
      await counts(page, n);
      assert.equal(page.channel.subscriptionCount, n);
    }
    wires[0].socket.terminate();
    await counts(page, 5);
    await Promise.all(wires.map((wire) => wire.close()));
    await counts(page, 1);
  });
}

countTest('a presence channel announces its members instead', async (t) => {
  const server = openServer(stack, APP);
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  await wire.subscribe('presence-a', server.authorizeChannel(wire.socketId,
    'presence-a', { user_id: 'u' }));
  const page = watch(t, 'b');
  await counts(page, 1);
  await wire.silent();
});

countTest('an app without the option sends no counts', async (t) => {
  const first = await enter(t, 'a', QUIET.key);
  await enter(t, 'a', QUIET.key);
  const page = watch(t, 'c');
  await counts(page, 1);
  await first.silent();
});

countTest('a client that replaces another one gets the count, too',
  async (t) => {
  const page = watch(t, 'e');
  const wires = await Promise.all(Array.from({ length: 5 }, () => enter(t, 'e')));
  await counts(page, 6);
  for (const wire of wires) {
    const before = wire.texts.length;
    wire.send({ event: 'pusher:unsubscribe', data: { channel: 'e' } });
    wire.send({ event: 'pusher:subscribe', data: { channel: 'e' } });
    await until('it arrives', () => wire.texts.slice(before).some((text) =>
      text.includes('\\"subscription_count\\":6}')));
  }
});

countTest('changes missed while Redis was lost are announced after it',
  async (t) => {
  const page = watch(t, 'f');
  await counts(page, 1);
  const wires = await Promise.all(Array.from({ length: 4 }, () => Wire.open(stack)));
  t.after(() => Promise.all(wires.map((wire) => wire.close())));
  const redis = await connect(`${stack.sockets}/redis.sock`);
  t.after(() => redis.close());
  await redis.command('client', 'kill', 'type', 'pubsub');
  await Promise.all(wires.map((wire) => wire.subscribe('f')));
  await counts(page, 5);
});

countTest('a worker that lost Redis counts nobody twice', async (t) => {
  const page = watch(t, 'g');
  await Promise.all(Array.from({ length: 6 }, () => enter(t, 'g')));
  await counts(page, 7);
  const told = page.counts.length;
  const redis = await connect(`${stack.sockets}/redis.sock`);
  t.after(() => redis.close());
  await redis.command('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await enter(t, 'g');
  await counts(page, 8);
  await until('the count arrives again', () => page.counts.length > told);
  assert.ok(page.counts.slice(told).every((n) => n === 7 || n === 8),
    `${page.counts}`);
});

countTest('a crowded channel announces its count rarely, and always the last ' +
  'one', async (t) => {
  const page = watch(t, 'd');
  await counts(page, 1);
  await Promise.all(Array.from({ length: CROWD + 20 }, () => enter(t, 'd')));
  await counts(page, CROWD + 21);
  assert.ok(page.counts.filter((count) => count >= CROWD).length < 15,
    `${page.counts}`);
});
