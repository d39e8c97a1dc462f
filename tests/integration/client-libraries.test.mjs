// SPDX-License-Identifier: MIT
//
// The client libraries in use, unmodified from npm: each behaves as its
// documentation says, against one stack.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, pusherOptions } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const require = createRequire(import.meta.url);
const { default: Echo } = await import('laravel-echo');

// pusher-js 4 reads it to detect React Native; Node has it since 21.
globalThis.navigator ??= {};

const APP = { id: '1', key: KEY, secret: 'the secret of the libraries' };
const MASTER_KEY = randomBytes(32).toString('base64');

const stack = await startStack({ env: { PUSHLOG_APP_SECRET: APP.secret,
  PUSHLOG_ENCRYPTION_MASTER_KEY: MASTER_KEY, PUSHLOG_RELOAD_DRAIN_MS: '100',
  PUSHLOG_CLIENT_EVENTS: '1' } });
after(() => stack.stop());
const server = openServer(stack,
  { ...APP, encryptionMasterKeyBase64: MASTER_KEY });

// The parameters by which every version identifies its user to the stack's
// endpoints.
const options = (name) => ({ ...pusherOptions(stack),
  authEndpoint: `${stack.origin}/pusher/auth`,
  auth: { params: { name }, headers: {} },
  userAuthentication: { endpoint: `${stack.origin}/pusher/user-auth`,
    transport: 'ajax', params: { name }, headers: {} } });

// The names that laravel-echo has for the kinds of channels.
const ECHO_KINDS = { '': 'channel', 'private-': 'private',
  'private-encrypted-': 'encryptedPrivate' };

/** pusher-js under its name in package.json. */
function pusherLibrary(packageName) {
  const Pusher = require(packageName);
  const { version } = require(`${packageName}/package.json`);
  return {
    name: `pusher-js ${version}`,
    hasUsers: Number.parseInt(version, 10) >= 7,
    open: (name) => openPusherJs(new Pusher(KEY, options(name))),
  };
}

function openPusherJs(pusher) {
  return {
    pusher,
    signin: () => pusher.signin(),
    subscribe: (name, kind = '') => pusher.subscribe(kind + name),
    leave: (name) => pusher.unsubscribe(name),
    enter(name, tell) {
      const room = pusher.subscribe(`presence-${name}`);
      room.bind('pusher:subscription_succeeded', (members) => {
        const names = [];
        members.each(({ info }) => names.push(info.name));
        tell('here', names.sort());
      });
      room.bind('pusher:member_added', ({ info }) => tell('joins', info.name));
      room.bind('pusher:member_removed',
        ({ info }) => tell('leaves', info.name));
    },
    say: (channel, event, data) => channel.trigger(`client-${event}`, data),
    overhear: (channel, event, hear) => channel.bind(`client-${event}`, hear),
    listen: (channel, event, hear) => channel.bind(event, hear),
    close: () => closePusher(pusher),
  };
}

function openEcho(name) {
  const echo = new Echo({ broadcaster: 'pusher', key: KEY,
    Pusher: require('pusher-js'), ...options(name) });
  return {
    pusher: echo.connector.pusher,
    signin: () => echo.connector.signin(),
    subscribe: (name, kind = '') => echo[ECHO_KINDS[kind]](name),
    leave: (name) => echo.leaveChannel(name),
    enter: (name, tell) => echo.join(name)
      .here((users) => tell('here', users.map((user) => user.name).sort()))
      .joining((user) => tell('joins', user.name))
      .leaving((user) => tell('leaves', user.name)),
    say: (channel, event, data) => channel.whisper(event, data),
    overhear: (channel, event, hear) => channel.listenForWhisper(event, hear),
    // a leading dot: the name as it is, without the application's namespace
    listen: (channel, event, hear) => channel.listen(`.${event}`, hear),
    close: () => closePusher(echo.connector.pusher),
  };
}

const LIBRARIES = [
  ...['pusher-js', 'pusher-js-7', 'pusher-js-4'].map(pusherLibrary),
  { name: 'laravel-echo 2', hasUsers: true, open: openEcho },
];

let channels = 0;

/**
 * A test for each library that can run it, with a number of its own and open(),
 * which makes a client for the named user.
 */
function everyLibrary(name, fn, libraries = LIBRARIES) {
  for (const library of libraries) {
    test(`${library.name}: ${name}`, stack.logged(async (t) => {
      const open = (who = 'Ada') => {
        const client = library.open(who);
        t.after(() => client.close());
        return client;
      };
      await fn(open, `${channels += 1}`);
    }));
  }
}

/** Waits until the client reports that the subscription succeeded. */
async function succeeded({ pusher }, channel) {
  await until(`${channel} is subscribed`, () =>
    pusher.channel(channel)?.subscribed);
}

everyLibrary('gets live messages, also after a reload of relay',
  async (open, n) => {
    const client = open();
    const name = `room-${n}`;
    const heard = [];
    const channel = client.subscribe(name);
    client.listen(channel, 'new_message', (data) => heard.push(data));
    await succeeded(client, name);
    const first = await stack.post('Ada', 'grüße "<&>"', { channel: name });
    await until('it is pushed', () => heard.length === 1);
    assert.deepEqual(heard, [first]);

    const { socket_id: before } = client.pusher.connection;
    stack.kill('relay', 'SIGHUP');
    await until('it has another connection', () =>
      client.pusher.connection.state === 'connected' &&
      client.pusher.connection.socket_id !== before, 60_000);
    await succeeded(client, name);
    const second = await stack.post('Ada', 'again', { channel: name });
    await until('it is pushed', () => heard.length === 2);
    assert.deepEqual(heard[1], second);
  });

everyLibrary('gets triggered events until it unsubscribes', async (open, n) => {
  const client = open();
  const names = [`plain-${n}`, `other-${n}`];
  const heard = [];
  for (const name of names) {
    client.listen(client.subscribe(name), 'greet', (data) =>
      heard.push([name, data]));
    await succeeded(client, name);
  }
  await server.trigger(names, 'greet', { to: ['all', null] });
  await until('both hear it', () => heard.length === 2);
  assert.deepEqual(heard.sort(), names.sort().map((name) =>
    [name, { to: ['all', null] }]));
  client.leave(names[0]);
  await until('it has left', () => !client.pusher.channel(names[0]));
  await server.trigger(names, 'greet', 'the rest');
  await until('the other hears it', () => heard.length === 3);
  assert.deepEqual(heard[2], [names[1], 'the rest']);
});

for (const kind of ['private-', 'private-encrypted-']) {
  everyLibrary(`subscribes to ${kind} channels`, async (open, n) => {
    const client = open();
    const heard = [];
    client.listen(client.subscribe(n, kind), 'greet', (data) =>
      heard.push(data));
    await succeeded(client, kind + n);
    await server.trigger(kind + n, 'greet', { to: 'the happy few' });
    await until('it is heard', () => heard.length === 1);
    assert.deepEqual(heard, [{ to: 'the happy few' }]);
  });
}

for (const kind of ['', 'private-', 'private-encrypted-']) {
  everyLibrary(`gets the cached event of a ${kind}cache- channel`, async (open, n) => {
    const name = `cache-${n}`;
    await server.trigger(kind + name, 'greet', { to: 'who comes' });
    const client = open();
    const heard = [];
    client.listen(client.subscribe(name, kind), 'greet', (data) =>
      heard.push(data));
    await until('it is heard', () => heard.length === 1);
    assert.deepEqual(heard, [{ to: 'who comes' }]);
  });
}

everyLibrary('signs in, and gets the events of its user alone', async (open, n) => {
  const [user, other] = [`user-${n}`, `other-${n}`];
  const clients = [open(user), open(user), open(other)];
  const heard = clients.map(() => []);
  for (const [i, { pusher, signin }] of clients.entries()) {
    pusher.user.bind('note', (data) => heard[i].push(data));
    let isSignedIn = false;
    pusher.bind('pusher:signin_success', () => { isSignedIn = true; });
    signin();
    await until('it is signed in', () => isSignedIn);
    await until('it has its channel', () =>
      pusher.user.serverToUserChannel?.subscribed);
  }
  await server.sendToUser(user, 'note', { for: user });
  await server.sendToUser(other, 'note', { for: other });
  await until('all have heard', () => heard.every(({ length }) => length === 1));
  assert.deepEqual(heard, [user, user, other].map((name) => [{ for: name }]));
}, LIBRARIES.filter(({ hasUsers }) => hasUsers));

everyLibrary('knows the members of a presence channel', async (open, n) => {
  const told = { Ada: [], Eve: [] };
  const enter = (who) => {
    const client = open(who);
    client.enter(n, (...what) => told[who].push(what));
    return client;
  };
  enter('Ada');
  await until('Ada is in', () => told.Ada.length === 1);
  const eve = [enter('Eve')];
  await until('Eve is in', () => told.Eve.length === 1 && told.Ada.length === 2);
  eve.push(enter('Eve')); // in another window: no news
  await until('she is there twice', () => told.Eve.length === 2);
  eve.forEach((client) => client.close());
  await until('she has left', () => told.Ada.length === 3);
  assert.deepEqual(told, {
    Ada: [['here', ['Ada']], ['joins', 'Eve'], ['leaves', 'Eve']],
    Eve: [['here', ['Ada', 'Eve']], ['here', ['Ada', 'Eve']]] });
});

everyLibrary('sends events to other clients', async (open, n) => {
  const clients = [open('Ada'), open('Eve')];
  const heard = [[], []];
  const subscribed = [];
  for (const [i, client] of clients.entries()) {
    subscribed.push(client.subscribe(n, 'private-'));
    client.overhear(subscribed[i], 'typing', (data) => heard[i].push(data));
    await succeeded(client, `private-${n}`);
  }
  clients[0].say(subscribed[0], 'typing', { who: 'Ada', list: [1] });
  await until('it is heard', () => heard[1].length === 1);
  clients[1].say(subscribed[1], 'typing', { who: 'Eve' });
  await until('so is the answer', () => heard[0].length === 1);
  assert.deepEqual(heard, [[{ who: 'Eve' }], [{ who: 'Ada', list: [1] }]]);
});

everyLibrary('gets the last event of a cache channel', async (open, n) => {
  const name = `cache-${n}`;
  const heard = [];
  const client = open();
  await server.trigger(name, 'price', { is: 1 });
  await server.trigger(name, 'price', { is: 2 });
  // the answer does not wait for Redis: until then the first one is kept, and
  // the second one would arrive live behind it
  await until('the last one is kept', async () => /\bis\W+2\b/.test(
    await (await server.get({ path: `/channels/${name}`,
      params: { info: 'cache' } })).text()));
  client.listen(client.subscribe(name), 'price', (data) => heard.push(data));
  await until('it arrives', () => heard.length === 1);
  assert.deepEqual(heard, [{ is: 2 }]);
});
