// SPDX-License-Identifier: MIT
//
// A signed-in connection belongs to its user: an event for the user reaches all
// of the user's connections, and no other.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const SECRET = 'a secret of the page';
const ERROR = 'pusher:error';
const SUCCESS = 'pusher:signin_success';
const ODD = 'Grüße "<&>\\ /日本#';

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2', PUSHLOG_APP_SECRET: SECRET } });
after(() => stack.stop());
const server = openServer(stack, { id: '1', key: KEY, secret: SECRET });
const signinTest = (name, fn) => test(name, stack.logged(fn));

/**
 * pusher-js, signed in through the page's endpoint; heard: the user's events.
 */
async function open(t, name) {
  const pusher = openPusher(stack, { userAuthentication: {
    endpoint: `${stack.origin}/pusher/user-auth`, transport: 'ajax',
    params: { name } } });
  t.after(() => closePusher(pusher));
  const heard = [];
  pusher.user.bind_global((event, data) => heard.push([event, data]));
  pusher.signin();
  await until('it is signed in', () => pusher.user.user_data &&
    pusher.user.serverToUserChannel.subscribed);
  return { pusher, heard };
}

async function openWire(t) {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  return wire;
}

const sign = (wire, user) => server.authenticateUser(wire.socketId, user);

async function signIn(wire, user) {
  const data = sign(wire, user);
  wire.send({ event: 'pusher:signin', data });
  assert.deepEqual(await wire.next(SUCCESS), { event: SUCCESS,
    data: { user_data: data.user_data } });
}

const channelOf = (name) => `#server-to-user-${name}`;

async function refusesSubscribe(wire, data) {
  wire.send({ event: 'pusher:subscribe', data });
  assert.equal((await wire.next(ERROR)).data.code, 4009);
  const refusal = await wire.next('pusher:subscription_error');
  assert.deepEqual([refusal.channel, refusal.data.status], [data.channel, 401]);
}

signinTest("an event for a user reaches all of the user's connections",
  async (t) => {
    const ada = await Promise.all([1, 2, 3, 4, 5].map(() => open(t, 'Ada')));
    const bob = await open(t, 'Bob');
    for (const { pusher } of ada) {
      assert.deepEqual(pusher.user.user_data,
        { id: 'Ada', user_info: { name: 'Ada' } });
    }
    await server.sendToUser('Ada', 'hello', { n: 1 });
    await server.sendToUser('Bob', 'hello', { n: 2 });
    await server.sendToUser('Ada', 'hello', { n: 3 });
    await until('all hear it', () =>
      ada.every(({ heard }) => heard.length === 2) && bob.heard.length === 1);
    for (const { heard } of ada) {
      assert.deepEqual(heard, [['hello', { n: 1 }], ['hello', { n: 3 }]]);
    }
    assert.deepEqual(bob.heard, [['hello', { n: 2 }]]);
  });

signinTest("a user's id may be any single line", async (t) => {
  const { heard } = await open(t, ODD);
  await server.sendToUser(ODD, 'hello', 1);
  await until('it is heard', () => heard.length > 0);
  assert.deepEqual(heard, [['hello', 1]]);
});

signinTest("a user's channel admits only the user", async (t) => {
  const wire = await openWire(t);
  await refusesSubscribe(wire, { channel: channelOf('Ada'), auth: '' });
  await refusesSubscribe(wire, { channel: channelOf('Ada'),
    auth: server.authorizeChannel(wire.socketId, 'private-a').auth });
  await signIn(wire, { id: 'Ada' });
  for (const name of ['Bob', 'Ad', 'Adam', 'ada']) {
    await refusesSubscribe(wire, { channel: channelOf(name), auth: '' });
  }
  await refusesSubscribe(wire, { channel: channelOf('Ada'), auth: 'k:0' });
  assert.deepEqual(await wire.subscribe(channelOf('Ada')), {});
  await server.sendToUser('Ada', 'hello', 1);
  assert.equal(await wire.nextText(), JSON.stringify(
    { event: 'hello', channel: channelOf('Ada'), data: '1' }));
});

signinTest('every other signature is refused', async (t) => {
  const [wire, other] = [await openWire(t), await openWire(t)];
  const { auth, user_data: userData } = sign(wire, { id: 'Ada' });
  const refused = async (data, why) => {
    wire.send({ event: 'pusher:signin', data });
    const { data: { code, message } } = await wire.next(ERROR);
    assert.equal(code, 4009, why);
    assert.match(message, /^Cannot sign in: /);
  };
  await refused({}, 'nothing');
  await refused({ auth }, 'no user_data');
  await refused({ auth, user_data: { id: 'Ada' } }, 'an object');
  await refused({ user_data: userData }, 'no auth');
  await refused({ auth, user_data: `${userData} ` }, 'more user_data');
  await refused({ auth, user_data: '{"id":"Eve"}' }, 'another user');
  await refused(sign(other, { id: 'Ada' }), 'another connection\'s');
  await refused({ user_data: userData, ...server.authorizeChannel(
    wire.socketId, 'private-a') }, 'a channel\'s');
  for (let i = 0; i < auth.length; i += 1) {
    const flipped = auth[i] === 'a' ? 'b' : 'a';
    await refused({ user_data: userData,
      auth: auth.slice(0, i) + flipped + auth.slice(i + 1) }, `character ${i}`);
  }
  await signIn(wire, { id: 'Ada' });
});

signinTest('a connection keeps its first signin', async (t) => {
  const wire = await openWire(t);
  await signIn(wire, { id: 'Ada' });
  for (const id of ['Ada', 'Bob']) {
    wire.send({ event: 'pusher:signin', data: sign(wire, { id }) });
    assert.deepEqual((await wire.next(ERROR)).data,
      { code: 4009, message: 'Cannot sign in: already signed in' });
  }
  await wire.subscribe(channelOf('Ada'));
});

signinTest('the signed data must name a user', async (t) => {
  const wire = await openWire(t);
  for (const [id, why] of [['x'.repeat(129), /too long/],
    ['a\nb', /no user/]]) {
    wire.send({ event: 'pusher:signin', data: sign(wire, { id }) });
    assert.match((await wire.next(ERROR)).data.message, why);
  }
});
