// SPDX-License-Identifier: MIT
//
// Client events: who may send them, what arrives, and how often.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { ask, opsSocket } from './ops.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const SILENT = { id: '2', key: 'silent', secret: 'the secret of another' };
const ERROR = 'pusher:error';

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_CLIENT_EVENTS: '1',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...APP, durable_channels: ['private-log'], event_max_bytes: 5000 },
    { ...SILENT, client_events: false },
  ] }),
} });
after(() => stack.stop());
// without Redis a worker delivers client events to its own subscribers only
await until('all workers have Redis', async () =>
  (await ask(opsSocket(stack, 'relay'), '/readyz')).text === 'ok\n');

let channels = 0;

/** A test with a private channel of its own. */
function clientTest(name, fn) {
  test(name, stack.logged((t) => fn(t, `private-${channels += 1}`)));
}

const authorize = (app, ...args) =>
  openServer(stack, app).authorizeChannel(...args);

/** A raw connection, subscribed. */
async function open(t, channel, { app = APP } = {}) {
  const wire = await Wire.open(stack, { key: app.key });
  t.after(() => wire.close());
  await wire.subscribe(channel, authorize(app, wire.socketId, channel));
  return wire;
}

const say = (wire, channel, data, event = 'client-e') =>
  wire.send({ event, channel, data });

/**
 * The messages before the answer to a ping: everything sent has been handled.
 */
async function answers(wire) {
  wire.send({ event: 'pusher:ping', data: {} });
  const all = [];
  for (;;) {
    all.push(JSON.parse(await wire.nextText()));
    if (all.at(-1).event === 'pusher:pong') return all.slice(0, -1);
  }
}

/** Asserts that the client received this error, with no code. */
async function isTold(wire, why) {
  const { data } = await wire.next(ERROR);
  assert.equal(data.code, null);
  assert.match(data.message, why);
}

clientTest('client events reach all other pusher-js clients, on every worker',
  async (t, channel) => {
    const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => {
      const pusher = openPusher(stack, { channelAuthorization: {
        endpoint: `${stack.origin}/pusher/auth`, transport: 'ajax' } });
      t.after(() => closePusher(pusher));
      const heard = [];
      const subscribed = pusher.subscribe(channel);
      subscribed.bind('client-hello', (data) => heard.push(data));
      await until('it is subscribed', () => subscribed.subscribed);
      return { subscribed, heard };
    }));
    clients.forEach(({ subscribed }, from) =>
      subscribed.trigger('client-hello', { from }));
    await until('all hear it', () =>
      clients.every(({ heard }) => heard.length === clients.length - 1));
    clients.forEach(({ heard }, i) => {
      assert.deepEqual(heard.map(({ from }) => from).sort(),
        [0, 1, 2, 3, 4, 5].filter((from) => from !== i));
    });
  });

clientTest('data arrives as the text, or as the JSON that was written',
  async (t, channel) => {
    const [from, to] = [await open(t, channel), await open(t, channel)];
    for (const [data, text] of [
      ['{"a": [1.0, "\\u00e9"]}', '{"a": [1.0, "\\u00e9"]}'],
      ['"{\\"a\\":1}"', '{"a":1}'],
      ['"grüße \\u2028"', 'grüße \u2028'],
      ['""', ''],
      ['12345678901234567890', '12345678901234567890'],
      ['null', 'null'],
      [`${'['.repeat(30)}${']'.repeat(30)}`, `${'['.repeat(30)}${']'.repeat(30)}`],
    ]) {
      from.send(`{"event":"client-e","channel":"${channel}","data":${data}}`);
      assert.deepEqual(await to.next('client-e'),
        { event: 'client-e', channel, data: text });
    }
    // and the sender has received nothing
    await from.silent();
  });

clientTest('only the known fields are passed on', async (t, channel) => {
  const [from, to] = [await open(t, channel), await open(t, channel)];
  from.send({ event: 'client-e', channel, data: 1, user_id: 'Eve', id: 7 });
  assert.equal(await to.nextText(), JSON.stringify(
    { event: 'client-e', channel, data: '1' }));
});

clientTest('a client whose subscription is pending cannot send yet',
  async (t) => {
  const channel = 'presence-waiting';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  t.after(() => stack.kill('redis', 'SIGCONT'));
  stack.kill('redis', 'SIGSTOP');
  wire.send({ event: 'pusher:subscribe', data: { channel,
    ...authorize(APP, wire.socketId, channel, { user_id: 'ann' }) } });
  say(wire, channel, {});
  await isTold(wire, /need a subscription/);
  stack.kill('redis', 'SIGCONT');
  await wire.next('pusher_internal:subscription_succeeded');
});

clientTest('on a presence channel the event names the sender', async (t) => {
  const channel = 'presence-room';
  const join = async (name) => {
    const wire = await Wire.open(stack);
    t.after(() => wire.close());
    await wire.subscribe(channel, authorize(APP, wire.socketId, channel,
      { user_id: name, user_info: { name } }));
    return wire;
  };
  const to = await join('Bob');
  const from = await join('Ada');
  await to.next('pusher_internal:member_added');
  from.send({ event: 'client-e', channel, data: {}, user_id: 'Eve' });
  assert.equal(await to.nextText(), JSON.stringify(
    { event: 'client-e', channel, data: '{}', user_id: 'Ada' }));
  await from.silent();
});

clientTest('a channel with a history does not log client events', async (t) => {
  const channel = 'private-log';
  const [from, to] = [await open(t, channel), await open(t, channel)];
  say(from, channel, 1);
  assert.equal((await to.next('client-e')).id, undefined);
  await openServer(stack, APP).trigger(channel, 'e', 2);
  assert.equal((await to.next('e')).id, 1);
});

clientTest('the sender must subscribe to a private or presence channel',
  async (t, channel) => {
    const wire = await open(t, channel);
    say(wire, `${channel}-other`, 1);
    await isTold(wire, /subscription/);
    wire.send({ event: 'pusher:unsubscribe', data: { channel } });
    say(wire, channel, 1);
    await isTold(wire, /subscription/);
    await wire.subscribe('public');
    for (const name of ['public', 'private-encrypted-a', '#server-to-user-1', '', 7]) {
      say(wire, name, 1);
      await isTold(wire, /private or presence/);
    }
    await wire.silent();
  });

clientTest('an app without client events refuses them', async (t, channel) => {
  const wire = await open(t, channel, { app: SILENT });
  say(wire, channel, 1);
  await isTold(wire, /not enabled/);
  await wire.silent();
});

clientTest('names are limited to 200 characters, and data in bytes',
  async (t, channel) => {
    const [from, to] = [await open(t, channel), await open(t, channel)];
    const longest = `client-${'é'.repeat(193)}`;
    say(from, channel, 1, longest);
    await to.next(longest);
    say(from, channel, 1, `${longest}x`);
    await isTold(from, /200 characters/);
    say(from, channel, 'x'.repeat(5000));
    assert.equal((await to.next('client-e')).data.length, 5000);
    say(from, channel, 'x'.repeat(5001));
    await isTold(from, /larger/);
    await to.silent();
  });

clientTest('10 events a second pass, and the rest gets 4301',
  async (t, channel) => {
    const [from, to] = [await open(t, channel), await open(t, channel)];
    const count = 100;
    for (let i = 0; i < count; i += 1) say(from, channel, i);
    const errors = await answers(from);
    for (const { event, data } of errors) {
      assert.deepEqual([event, data.code], [ERROR, 4301]);
    }
    const refused = errors.length;
    // the test cannot say how many seconds passed
    assert.ok(refused > 0 && refused <= count - 10, `${refused} refused`);
    let last = -1;
    for (let i = refused; i < count; i += 1) {
      const n = Number((await to.next('client-e')).data);
      assert.ok(n > last);
      last = n;
    }
    await to.silent();
    await until('there is room for another', async () => {
      say(from, channel, 'later');
      return (await answers(from)).length === 0;
    });
    assert.equal((await to.next('client-e')).data, 'later');
  });

// Last: an event sent right after Redis came back may find no listener.
clientTest('without Redis subscribers of the same worker receive it',
  async (t, channel) => {
    const secret = 'a secret of another relay';
    const own = await startRelay(stack, { PUSHLOG_APP_SECRET: secret,
      PUSHLOG_CLIENT_EVENTS: '1' });
    const wires = await Promise.all([1, 2].map(async () => {
      const wire = await Wire.open(own.socket);
      await wire.subscribe(channel,
        authorize({ ...APP, secret }, wire.socketId, channel));
      return wire;
    }));
    await stack.hold('redis');
    // events sent before the relay notices may be lost
    await until('it is heard', () => {
      say(wires[0], channel, 'hello');
      return wires[1].texts.some((text) => text.includes('client-e'));
    });
    await stack.release('redis');
    await Promise.all(wires.map((wire) => wire.close()));
  });
