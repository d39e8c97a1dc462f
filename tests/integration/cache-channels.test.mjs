// SPDX-License-Identifier: MIT
//
// Cache channels: a new subscriber receives the last event, or a cache miss.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { publish } from './log.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...APP, durable_channels: ['cache-log-*'] }] }),
} });
after(() => stack.stop());

const server = openServer(stack, { ...APP,
  encryptionMasterKeyBase64: randomBytes(32).toString('base64') });
const cacheTest = (name, fn) => test(name, stack.logged(fn));

/** A raw connection subscribed to the channel, with whatever auth it needs. */
async function enter(t, channel) {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  let signed = {};
  if (channel.startsWith('presence-')) {
    signed = server.authorizeChannel(wire.socketId, channel, { user_id: 'u' });
  } else if (channel.startsWith('private-')) {
    signed = server.authorizeChannel(wire.socketId, channel);
  }
  delete signed.shared_secret;
  await wire.subscribe(channel, signed);
  return wire;
}

for (const kind of ['', 'private-', 'presence-']) {
  cacheTest(`${kind}cache-: a new subscriber gets the last event`, async (t) => {
    const channel = `${kind}cache-1`;
    const first = await enter(t, channel);
    assert.equal((await first.next('pusher:cache_miss')).channel, channel);
    await server.trigger(channel, 'old', { n: 1 });
    await first.next('old');
    await server.trigger(channel, 'new', { n: 2 });
    const live = await first.nextText();
    for (let i = 0; i < 4; i += 1) {
      const later = await enter(t, channel);
      assert.equal(await later.nextText(), live);
      await later.silent();
    }
    await first.silent();
  });
}

cacheTest('a full Redis caches nothing, and still publishes', async (t) => {
  const full = (bytes) => stack.redis(['config', 'set', 'maxmemory', bytes]);
  t.after(() => full('0'));
  const wire = await enter(t, 'cache-full');
  await wire.next('pusher:cache_miss');
  await server.trigger('cache-full', 'kept', '1');
  await wire.next('kept');
  await full('1');
  await server.trigger('cache-full', 'new', '2');
  await wire.next('new');
  await server.trigger('cache-full', 'newer', '3');
  await wire.next('newer');
  await full('0');
  await (await enter(t, 'cache-full')).next('pusher:cache_miss');
  await server.trigger('cache-full', 'again', '4');
  const isKept = async () =>
    JSON.parse(await (await enter(t, 'cache-full')).nextText()).event === 'again';
  await until('each worker sends the cached event', async () =>
    (await Promise.all(Array.from({ length: 8 }, isKept))).every(Boolean));
});

cacheTest('an encrypted event is cached as it was sent', async (t) => {
  const channel = 'private-encrypted-cache-1';
  const body = { name: 'e', channel, data: '{"nonce":"x","ciphertext":"y"}' };
  await server.post({ path: '/events', body });
  const wire = await enter(t, channel);
  assert.equal((await wire.next('e')).data, body.data);
});

cacheTest('pusher-js receives the cached event through its own events',
  async (t) => {
  const pusher = openPusher(stack);
  t.after(() => closePusher(pusher));
  const heard = [];
  for (const name of ['cache-2', 'cache-3']) {
    if (name === 'cache-3') await server.trigger(name, 'e', { n: 3 });
    pusher.subscribe(name).bind_global((event, data) =>
      heard.push([name, event, data]));
  }
  await until('both are served', () => heard.length >= 4);
  assert.deepEqual(heard.filter(([, event]) =>
    event !== 'pusher:subscription_succeeded').sort(),
  [['cache-2', 'pusher:cache_miss', undefined], ['cache-3', 'e', { n: 3 }]]);
});

cacheTest('the event is cached for half an hour, and the API returns it',
  async () => {
  await server.trigger('cache-4', 'e', { n: 4 });
  const { cache, occupied } = await (await server.get({
    path: '/channels/cache-4', params: { info: 'cache' } })).json();
  assert.equal(occupied, false);
  assert.equal(cache.data, '{"n":4}');
  assert.ok(cache.ttl > 1700 && cache.ttl <= 1800, cache.ttl);
  await stack.redis(['del', 'pushlog:cache:1:cache-4']);
  assert.deepEqual(await (await server.get({ path: '/channels/cache-4',
    params: { info: 'cache' } })).json(), { occupied: false });
});

cacheTest('events of other channels are not cached', async (t) => {
  await server.trigger('plain-cache-1', 'e', {});
  const wire = await enter(t, 'plain-cache-1');
  await wire.silent();
  assert.equal(await stack.redis(['exists', 'pushlog:cache:1:plain-cache-1']), '0');
});

cacheTest('a cache channel may have a history', async (t) => {
  await server.trigger('cache-log-1', 'e', { n: 1 });
  const wire = await enter(t, 'cache-log-1');
  assert.equal((await wire.next('e')).id, 1);
  await server.trigger('cache-log-1', 'e', { n: 2 });
  assert.equal((await wire.next('e')).id, 2);
});

cacheTest('an event that is both cached and still on its way arrives once',
  async (t) => {
  const channel = 'cache-log-2';
  await server.trigger(channel, 'e', '1');
  await enter(t, channel);
  const event = (id) => `{"event":"e","channel":"${channel}","data":"${id}","id":${id}}`;
  await stack.redis(['set', `pushlog:cache:1:${channel}`, event(2)]);
  const wire = await enter(t, channel);
  await wire.silent();
  await server.trigger(channel, 'e', '2');
  assert.equal(await wire.nextText(), event(2));
  await wire.silent();
});

cacheTest('a subscriber gets the cached event despite client events and ' +
  'exclusions',
  async (t) => {
    const channel = 'private-cache-busy';
    await server.trigger(channel, 'kept', {});
    await enter(t, channel);
    let isOver = false;
    const talk = async (event, exclude) => {
      while (!isOver) {
        await publish(stack, channel, `1 - 0 ${exclude()}\n${JSON.stringify(
          { event, channel, data: '{}' })}`);
      }
    };
    let comer = '-';
    const talks = [1, 2, 3, 4].map(() => talk('client-e', () => '-'));
    talks.push(talk('own', () => comer));
    for (let i = 0; i < 100; i += 1) {
      const wire = await Wire.open(stack);
      comer = wire.socketId;
      const signed = server.authorizeChannel(wire.socketId, channel);
      wire.send({ event: 'pusher:subscribe', data: { channel, ...signed } });
      // or those sent to it, because an earlier connection had sent them
      await until('the cached event arrives', () => wire.texts.some((text) =>
        /^\{"event":"(kept|own)"/.test(text)), 5000);
      await wire.close();
    }
    isOver = true;
    await Promise.all(talks);
  });

cacheTest('without Redis nothing is cached', async (t) => {
  await server.trigger('cache-5', 'e', {});
  await stack.hold('redis');
  t.after(() => stack.release('redis'));
  const wire = await enter(t, 'cache-5');
  await wire.next('pusher:cache_miss');
});
