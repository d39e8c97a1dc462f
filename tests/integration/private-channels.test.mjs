// SPDX-License-Identifier: MIT
//
// Private and encrypted channels admit exactly the connections that the app's
// server signed for, in any of the supported ways.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const OTHER = { id: '2', key: 'other-key', secret: 'the secret of another' };
const MASTER_KEY = randomBytes(32).toString('base64');

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...APP, durable_channels: ['private-orders-*'],
      encryption_master_key: MASTER_KEY },
    OTHER,
  ] }),
} });
after(() => stack.stop());

const server = openServer(stack,
  { ...APP, encryptionMasterKeyBase64: MASTER_KEY });
const privateTest = (name, fn) => test(name, stack.logged(fn));

/** pusher-js with the stack's own endpoint; errors: those it reports. */
function open(t, options) {
  const pusher = openPusher(stack, { channelAuthorization: {
    endpoint: `${stack.origin}/pusher/auth`, transport: 'ajax' }, ...options });
  t.after(() => closePusher(pusher));
  const errors = [];
  pusher.connection.bind('error', ({ data }) => errors.push(data));
  return { pusher, errors };
}

/** Subscribes; heard: the channel's events, [event, data]. */
function listen(pusher, name) {
  const heard = [];
  pusher.subscribe(name).bind_global((event, data) =>
    heard.push([event, data]));
  return heard;
}

/** Waits for an event, and returns its data. */
async function hears(heard, event) {
  const [, data] = await until(`${event} comes`, () =>
    heard.find(([name]) => name === event));
  return data;
}

const SUCCEEDED = 'pusher:subscription_succeeded';
const REFUSED = 'pusher:subscription_error';

/** Signs with the library, without a request. */
const signing = (sign) => ({ channelAuthorization: {
  customHandler: ({ socketId, channelName }, callback) =>
    callback(null, sign(socketId, channelName)) } });

privateTest("pusher-js subscribes through the page's endpoint", async (t) => {
  const all = Array.from({ length: 6 }, () =>
    listen(open(t).pusher, 'private-room'));
  await Promise.all(all.map((heard) => hears(heard, SUCCEEDED)));
  await server.trigger('private-room', 'hello', { to: 'all' });
  for (const heard of all) {
    assert.deepEqual(await hears(heard, 'hello'), { to: 'all' });
  }
});

privateTest('channel_data is part of the signature on a private channel, too',
  async (t) => {
    const { pusher } = open(t, signing((socketId, channel) =>
      server.authorizeChannel(socketId, channel, { user_id: 'Ada' })));
    await hears(listen(pusher, 'private-data'), SUCCEEDED);
  });

privateTest('pusher-js decrypts events that its server encrypted',
  async (t) => {
  const channel = 'private-encrypted-room';
  const heard = listen(open(t).pusher, channel);
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  await hears(heard, SUCCEEDED);
  await wire.subscribe(channel, { auth: server.authorizeChannel(
    wire.socketId, channel).auth });
  await server.trigger(channel, 'hello', { text: 'nobody reads this' });
  assert.deepEqual(await hears(heard, 'hello'), { text: 'nobody reads this' });
  // the relay passes the encrypted event on unchanged
  const { data } = await wire.next('hello');
  assert.deepEqual(Object.keys(JSON.parse(data)).sort(),
    ['ciphertext', 'nonce']);
  assert.doesNotMatch(data, /nobody/);
});

privateTest('a refused pusher-js gets an error, and stays connected',
  async (t) => {
  const { pusher, errors } = open(t, signing(() =>
    ({ auth: `${KEY}:${'0'.repeat(64)}` })));
  const heard = listen(pusher, 'private-room');
  assert.deepEqual(await hears(heard, REFUSED), { type: 'AuthError',
    error: 'Not authorized to subscribe: private-room', status: 401 });
  assert.deepEqual(errors, [{ code: 4009,
    message: 'Not authorized to subscribe: private-room' }]);
  await hears(listen(pusher, 'public'), SUCCEEDED);
  assert.equal(pusher.connection.state, 'connected');
});

/** Asserts that this subscription is refused, and the error it gets. */
async function refused(wire, data, why) {
  wire.send({ event: 'pusher:subscribe', data });
  const error = await wire.next('pusher:error');
  assert.equal(error.data.code, 4009, why);
  const { channel, data: { type, status } } = await wire.next(REFUSED);
  assert.deepEqual([channel, type, status], [data.channel, 'AuthError', 401]);
}

privateTest('every other signature is refused', async (t) => {
  const channel = 'private-room';
  const [wire, other] = [await Wire.open(stack), await Wire.open(stack)];
  t.after(() => Promise.all([wire.close(), other.close()]));
  const { auth } = server.authorizeChannel(wire.socketId, channel);
  const [key, signature] = auth.split(':');
  const sign = (...args) => server.authorizeChannel(...args).auth;
  for (const [why, bad] of [
    ['none', undefined],
    ['nothing', ''],
    ['no string', 1],
    ['without the key', signature],
    ['without the signature', `${key}:`],
    ['in upper case', `${key}:${signature.toUpperCase()}`],
    ['with a blank', `${auth} `],
    ['shorter', auth.slice(0, -1)],
    ['another key', `${OTHER.key}:${signature}`],
    ['another app\'s', openServer(stack, OTHER)
      .authorizeChannel(wire.socketId, channel).auth],
    ['another connection\'s', sign(other.socketId, channel)],
    ['another channel\'s', sign(wire.socketId, `${channel}s`)],
    ['a shorter channel\'s', sign(wire.socketId, channel.slice(0, -1))],
    ['with data that was not sent',
      sign(wire.socketId, channel, { user_id: 'Ada' })],
    ['a user\'s', server.authenticateUser(wire.socketId, { id: 'Ada' }).auth],
  ]) {
    await refused(wire, { channel, auth: bad }, why);
  }
  for (let i = 0; i < auth.length; i += 1) {
    const flipped = auth[i] === 'a' ? 'b' : 'a';
    await refused(wire,
      { channel, auth: auth.slice(0, i) + flipped + auth.slice(i + 1) },
      `character ${i}`);
  }
  await wire.subscribe(channel, { auth });
});

privateTest('channel_data is signed and passed on byte for byte', async (t) => {
  const channel = 'private-room';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  const { auth, channel_data: data } = server.authorizeChannel(
    wire.socketId, channel, { user_id: 'Ada' });
  for (const bad of [undefined, '', data.replace('Ada', 'Eve'), `${data} `,
    JSON.stringify(JSON.parse(data), null, 1), JSON.parse(data)]) {
    await refused(wire, { channel, auth, channel_data: bad }, bad);
  }
  await wire.subscribe(channel, { auth, channel_data: data });
});

privateTest("a presence channel needs the member's identity", async (t) => {
  const channel = 'presence-room';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  await refused(wire, { channel,
    ...server.authorizeChannel(wire.socketId, channel) }, 'no data');
  for (const user of [{}, { user_id: '' }, { user_id: null },
    { user_id: { id: 1 } }, { user_id: 'x'.repeat(129) },
    { user_id: 1, user_info: 'x'.repeat(1023) }]) {
    await refused(wire, { channel,
      ...server.authorizeChannel(wire.socketId, channel, user) },
    JSON.stringify(user));
  }
});

privateTest('a channel can be left and joined again', async (t) => {
  const channel = 'private-again';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  const signed = server.authorizeChannel(wire.socketId, channel);
  for (let i = 0; i < 3; i += 1) {
    await wire.subscribe(channel, signed);
    await server.trigger(channel, 'e', i);
    assert.equal((await wire.next('e')).data, String(i));
    wire.send({ event: 'pusher:unsubscribe', data: { channel } });
  }
  await server.trigger(channel, 'e', 'late');
  await wire.silent();
});

// Last: an event sent right after Redis came back may find no listener.
privateTest('a private channel may have a history', async (t) => {
  const channel = 'private-orders-1';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  await server.trigger(channel, 'e', 'before');
  const { base, epoch } = await wire.subscribe(channel,
    server.authorizeChannel(wire.socketId, channel));
  assert.equal(base, 1);
  assert.match(epoch, /./);
  // from the log alone
  await stack.hold('redis');
  await server.trigger(channel, 'e', 'without Redis');
  assert.deepEqual(await wire.next('e'),
    { event: 'e', channel, data: 'without Redis', id: 2 });
  await stack.release('redis');
});
