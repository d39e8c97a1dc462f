// SPDX-License-Identifier: MIT
//
// Signed-in users: watchlists, and connections that the app's server
// terminates.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { connect } from '../roster/resp.mjs';
import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const APPS = JSON.stringify({ apps: [APP] });

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2', PUSHLOG_APPS: APPS } });
after(() => stack.stop());

const server = openServer(stack, APP);
const usersTest = (name, fn) => test(name, stack.logged(fn));

/** pusher-js, signed in; told: its watchlist events. */
async function signIn(t, id, watchlist) {
  const pusher = openPusher(stack, { userAuthentication: {
    customHandler: ({ socketId }, callback) =>
      callback(null, server.authenticateUser(socketId, { id, watchlist })) } });
  t.after(() => closePusher(pusher));
  const page = { pusher, told: [] };
  for (const name of ['online', 'offline']) {
    pusher.user.watchlist.bind(name, ({ user_ids: ids }) =>
      page.told.push(...ids.sort().map((one) => [name, one])));
  }
  pusher.signin();
  await pusher.user.signinDonePromise;
  return page;
}

/** A raw connection, signed in; at: the socket of another relay. */
async function signInRaw(t, id, at = stack) {
  const wire = await Wire.open(at);
  t.after(() => wire.close());
  wire.send({ event: 'pusher:signin',
    data: server.authenticateUser(wire.socketId, { id }) });
  await wire.next('pusher:signin_success');
  return wire;
}

async function hears(page, ...told) {
  await until(`it hears ${JSON.stringify(told)}`, () => page.told.length >= told.length,
    20_000);
  assert.deepEqual(page.told, told);
}

usersTest('a watcher learns who is online, who comes online and who goes ' +
  'offline',
  async (t) => {
    const bob = await signInRaw(t, 'bob');
    const again = await signInRaw(t, 'bob');
    const ann = await signIn(t, 'ann', ['bob', 'carl', 'nobody']);
    await hears(ann, ['online', 'bob']);
    const carl = await signInRaw(t, 'carl');
    await hears(ann, ['online', 'bob'], ['online', 'carl']);
    await bob.close();
    await carl.close();
    await hears(ann, ['online', 'bob'], ['online', 'carl'], ['offline', 'carl']);
    await again.close();
    await hears(ann, ['online', 'bob'], ['online', 'carl'], ['offline', 'carl'],
      ['offline', 'bob']);
  });

usersTest('a user lost with a worker goes offline', async (t) => {
  const relay = await startRelay(stack, { PUSHLOG_APPS: APPS,
    PUSHLOG_APP_KEY: undefined, PUSHLOG_APP_SECRET: undefined });
  await signInRaw(t, 'dan', relay.socket);
  const ann = await signIn(t, 'ann', ['dan']);
  await hears(ann, ['online', 'dan']);
  process.kill(relay.workers()[0], 'SIGKILL');
  await hears(ann, ['online', 'dan'], ['offline', 'dan']);
});

usersTest('a Redis that loses its data shows no user as offline', async (t) => {
  const wire = await signInRaw(t, 'eve');
  const ann = await signIn(t, 'ann', ['eve', 'fay']);
  await hears(ann, ['online', 'eve']);
  await stack.redis(['flushall']);
  await signInRaw(t, 'fay');
  await hears(ann, ['online', 'eve'], ['online', 'fay']);
  await wire.close();
  await hears(ann, ['online', 'eve'], ['online', 'fay'], ['offline', 'eve']);
});

usersTest("the app's server terminates all connections of a user",
  async (t) => {
  const wires = await Promise.all(Array.from({ length: 6 }, () =>
    signInRaw(t, 'guy')));
  const other = await signInRaw(t, 'hal');
  const answer = await server.terminateUserConnections('guy');
  assert.deepEqual([answer.status, await answer.json()], [200, {}]);
  for (const wire of wires) {
    assert.deepEqual(await wire.closed(),
      { code: 4009, reason: 'Terminated by the application' });
  }
  await other.silent();
  await server.terminateUserConnections('nobody');
});

usersTest('a user is terminated even if the worker missed the message',
  async (t) => {
    const wires = await Promise.all(Array.from({ length: 6 }, () =>
      signInRaw(t, 'jim')));
    const redis = await connect(`${stack.sockets}/redis.sock`);
    t.after(() => redis.close());
    await redis.command('client', 'kill', 'type', 'pubsub');
    await server.terminateUserConnections('jim');
    for (const wire of wires) assert.equal((await wire.closed()).code, 4009);
    // later connections may stay
    const later = await signInRaw(t, 'jim');
    await redis.command('client', 'kill', 'type', 'pubsub');
    await (await signInRaw(t, 'kim')).close();
    await server.terminateUserConnections('kim');
    await later.silent();
  });

usersTest('a user who is watched twice is announced once', async (t) => {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  wire.send({ event: 'pusher:signin', data: server.authenticateUser(
    wire.socketId, { id: 'lea', watchlist: ['mia', 'lea', 'mia'] }) });
  await wire.next('pusher:signin_success');
  const hears = async (name, ...ids) => {
    const { data } = await wire.next('pusher_internal:watchlist_events');
    assert.deepEqual(JSON.parse(data), { events: [{ name, user_ids: ids }] });
  };
  await hears('online', 'lea');
  const mia = await signInRaw(t, 'mia');
  await hears('online', 'mia');
  await mia.close();
  await hears('offline', 'mia');
  await wire.silent();
});

usersTest('a user of any name can be terminated', async (t) => {
  const closes = async (id, sent) => {
    const wire = await signInRaw(t, id);
    const { status } = await server.terminateUserConnections(sent);
    assert.equal(status, 200);
    assert.equal((await wire.closed()).code, 4009);
  };
  for (const id of ['a b', 'é"', 'a/b', 'a//b', '//a', 'a/', '/', 'a+b;c=d&e']) {
    await closes(id, id);
  }
  for (const id of ['a/b', '//', '50%', 'a?b', 'a#b', '\\', 'a%2Fb', 'é b']) {
    await closes(id, encodeURIComponent(id));
  }
});

usersTest('pusher-js does not reconnect after a termination', async (t) => {
  const page = await signIn(t, 'ivy');
  const states = [];
  page.pusher.connection.bind('state_change', ({ current }) => states.push(current));
  await server.terminateUserConnections('ivy');
  await until('it gives up', () => states.length > 0);
  assert.deepEqual(states, ['disconnected']);
});
