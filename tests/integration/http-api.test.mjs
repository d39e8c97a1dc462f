// SPDX-License-Identifier: MIT
//
// The HTTP API, called by the official server library and observed through the
// official client library; then each kind of invalid request, by hand.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { fastcgi } from './fastcgi.mjs';
import {
  md5, openServer, refusal, sign, signedPost, signedTarget,
} from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const OTHER = { id: '77', key: 'other-key', secret: 'the secret of another' };

const stack = await startStack({ env: {
  PUSHLOG_POST_TIMEOUT_MS: '1500',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...APP, durable_channels: ['orders-*', 'private-ledger'] },
    { ...OTHER, durable_channels: ['orders-*'], event_max_bytes: 100 },
  ] }),
} });
after(() => stack.stop());

const server = openServer(stack, APP);
let channels = 0;

/** A test with a channel of its own, which has no history. */
function apiTest(name, fn) {
  test(name, stack.logged((t) => fn(t, `plain-${channels += 1}`)));
}

/** A test with a channel of its own, which has a history. */
function durableTest(name, fn) {
  test(name, stack.logged((t) => fn(t, `orders-${channels += 1}`)));
}

/** pusher-js, subscribed; heard: the events it received, [event, data]. */
async function listen(t, ...names) {
  const pusher = openPusher(stack);
  t.after(() => closePusher(pusher));
  const heard = [];
  let ready = 0;
  for (const name of names) {
    pusher.subscribe(name).bind_global((event, data) => {
      if (event === 'pusher:subscription_succeeded') ready += 1;
      else heard.push([event, data]);
    });
  }
  await until('it is subscribed', () => ready === names.length);
  return { heard, socketId: pusher.connection.socket_id };
}

const hears = ({ heard }, count) =>
  until(`${count} events`, () => heard.length >= count);

async function wireOn(t, channel) {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  await wire.subscribe(channel);
  return wire;
}

const json = async (call) => (await call).json();
const eventsOf = (channel, params, by = server) =>
  json(by.get({ path: `/channels/${channel}/events`, params }));

// --- through the libraries ---

apiTest('an event reaches subscribers unchanged', async (t, channel) => {
  const client = await listen(t, channel);
  const response = await server.trigger(channel, 'hello',
    { text: 'grüße "<&>"', list: [1, null] });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('Content-Type'), /^application\/json/);
  assert.equal(await response.text(), '{}');
  await server.trigger(channel, 'hello', 'no JSON');
  await hears(client, 2);
  assert.deepEqual(client.heard, [
    ['hello', { text: 'grüße "<&>"', list: [1, null] }], ['hello', 'no JSON']]);
});

apiTest('data is forwarded verbatim, without an id',
  async (t, channel) => {
    const wire = await wireOn(t, channel);
    await signedPost(stack, APP, '/events',
      { channel, name: 'e', data: ' {"a" : 1.0}\n' });
    assert.equal(await wire.nextText(), JSON.stringify(
      { event: 'e', channel, data: ' {"a" : 1.0}\n' }));
  });

apiTest('an event goes to up to 100 channels', async (t, channel) => {
  const names = Array.from({ length: 100 }, (_, i) => `${channel}-${i}`);
  const client = await listen(t, names[0], names[99]);
  await server.trigger(names, 'all', 1);
  await hears(client, 2);
  assert.deepEqual(client.heard, [['all', 1], ['all', 1]]);
});

apiTest('a batch of up to 10 events arrives in order', async (t, channel) => {
  const client = await listen(t, channel);
  await server.triggerBatch(Array.from({ length: 10 },
    (_, i) => ({ channel, name: 'e', data: { i } })));
  await hears(client, 10);
  assert.deepEqual(client.heard.map(([, { i }]) => i),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

apiTest('socket_id excludes one connection', async (t, channel) => {
  const clients = [await listen(t, channel), await listen(t, channel)];
  await server.trigger(channel, 'first', 1, { socket_id: clients[0].socketId });
  await server.triggerBatch([
    { channel, name: 'second', data: 2, socket_id: clients[1].socketId },
    { channel, name: 'third', data: 3 }]);
  await Promise.all(clients.map((client) => hears(client, 2)));
  assert.deepEqual(clients[0].heard, [['second', 2], ['third', 3]]);
  assert.deepEqual(clients[1].heard, [['first', 1], ['third', 3]]);
});

apiTest('an event to a user is accepted', async () => {
  assert.equal((await server.sendToUser('Ada', 'e', 1)).status, 200);
});

apiTest('each app has channels of its own', async (t, channel) => {
  const client = await listen(t, channel);
  assert.equal((await openServer(stack, OTHER).trigger(channel, 'e', 1)).status,
    200);
  await server.trigger(channel, 'mine', 1);
  await hears(client, 1);
  assert.deepEqual(client.heard, [['mine', 1]]);
});

// --- durable events ---

durableTest('durable events arrive once, in order, with dense ids',
  async (t, channel) => {
    const wire = await wireOn(t, channel);
    await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 3
      ? server.trigger([channel, `plain-${channel}`], 'single', { i })
      : server.triggerBatch([0, 1, 2].map((k) =>
        ({ channel, name: 'batch', data: { i, k } }))))));
    const total = 40 + 20 * 3;
    const pushed = [];
    while (pushed.length < total) {
      pushed.push(JSON.parse(await wire.nextText()));
    }
    await wire.silent();
    assert.deepEqual(pushed.map(({ id }) => id),
      Array.from({ length: total }, (_, i) => i + 1));
    const batches = pushed.filter(({ event }) => event === 'batch')
      .map(({ data }) => JSON.parse(data));
    for (let i = 0; i < batches.length; i += 3) {
      assert.deepEqual(batches.slice(i, i + 3),
        [0, 1, 2].map((k) => ({ i: batches[i].i, k })));
    }
    const { results, head } = await eventsOf(channel);
    assert.equal(head, total);
    assert.deepEqual(results.map(({ id, event, data }) => ({ id, event, data })),
      pushed.map(({ id, event, data }) => ({ id, event, data })));
  });

durableTest('missed events come back by GET', async (t, channel) => {
  await server.triggerBatch(['a', 'b', 'c'].map((data) =>
    ({ channel, name: 'e', data })));
  const answer = await eventsOf(channel, { after_id: 1, limit: 1 });
  assert.deepEqual(answer, { results: [
    { id: 2, event: 'e', data: 'b', time: answer.results[0].time }],
  head: 3, first_id: 1, epoch: answer.epoch, has_more: true });
  assert.ok(Math.abs(Date.now() - answer.results[0].time) < 60_000);

  // for pages, where anyone may subscribe
  const page = await stack.get({ channel, after_id: 1, limit: 1 });
  assert.deepEqual(page, answer);
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  assert.deepEqual(await wire.subscribe(channel),
    { base: 3, epoch: answer.epoch });
});

durableTest("a triggered event is stored in order with its channel's messages",
  async (t) => {
    const channel = `room-${t.name.length}`;
    await stack.post('Ada', 'hello', { channel });
    await server.trigger(channel, 'typing', { name: 'Ada' });
    const { results } = await stack.get({ channel });
    assert.deepEqual(results.map(({ time, ...rest }) => rest), [
      { id: 1, name: 'Ada', text: 'hello' },
      { id: 2, event: 'typing', data: '{"name":"Ada"}' }]);
  });

durableTest('the excluded socket gets the event by GET only',
  async (t, channel) => {
    const clients = [await listen(t, channel), await listen(t, channel)];
    await server.trigger(channel, 'e', 1, { socket_id: clients[0].socketId });
    await server.trigger(channel, 'e', 2);
    await Promise.all([hears(clients[0], 1), hears(clients[1], 2)]);
    assert.deepEqual(clients[0].heard, [['e', 2]]);
    assert.equal((await eventsOf(channel)).results.length, 2);
  });

durableTest('an idempotency key stores once, and refuses a different event',
  async (t, channel) => {
  const post = (name, key) => signedPost(stack, APP, '/events',
    { channel, name, data: 'd' }, { headers: { 'Idempotency-Key': key } });
  assert.equal((await post('e', 'one')).status, 200);
  assert.equal((await post('e', 'one')).status, 200);
  const { status, text } = await post('other', 'one');
  assert.equal(status, 422);
  assert.equal(text, 'The Idempotency-Key was used for another event\n');
  assert.equal((await post('e', 'two')).status, 200);
  assert.equal((await post('e', 'x'.repeat(201))).status, 400);
  assert.equal((await eventsOf(channel)).head, 2);
});

durableTest('a request that nginx retries is stored once',
  async (t, channel) => {
    const body = JSON.stringify({ batch: [1, 2].map((data) =>
      ({ channel, name: 'e', data: String(data) })) });
    const target = signedTarget(APP, 'POST', '/batch_events', { body });
    const [path, query] = target.split('?');
    const send = () => fastcgi(`${stack.sockets}/messages-fcgi.sock`, {
      REQUEST_METHOD: 'POST', DOCUMENT_URI: path, QUERY_STRING: query,
      CONTENT_LENGTH: String(body.length), REQUEST_ID: `same-${channel}` },
    body);
    assert.equal((await send()).status, 200);
    assert.equal((await send()).status, 200);
    assert.equal((await eventsOf(channel)).head, 2);
  });

durableTest('non-public channels are not readable without a grant',
  async () => {
    await server.trigger('private-ledger', 'e', 1);
    assert.equal((await eventsOf('private-ledger')).head, 1);
    const { status, headers } =
      await stack.request('/messages?channel=private-ledger');
    assert.equal(status, 401);
    assert.equal(headers.get('WWW-Authenticate'), 'Pushlog-Grant');
  });

durableTest('each app has a log of its own', async (t, channel) => {
  await server.trigger(channel, 'e', 'mine');
  const other = openServer(stack, OTHER);
  await other.trigger(channel, 'e', 'theirs');
  await other.trigger(channel, 'e', 'more');
  assert.deepEqual((await eventsOf(channel)).results.map(({ data }) => data),
    ['mine']);
  assert.deepEqual((await eventsOf(channel, {}, other)).results
    .map(({ data }) => data), ['theirs', 'more']);
});

durableTest('GET through the HTTP API is not cacheable', async (t, channel) => {
  await server.trigger(channel, 'e', 1);
  const answer = await stack.request(
    signedTarget(APP, 'GET', `/channels/${channel}/events`,
      { change: { after_id: '0' } }));
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.equal(answer.headers.get('ETag'), null);
  for (const [status, path, params, detail] of [
    [404, '/channels/plain/events', {}, /no history/],
    [400, '/channels/a*/events', {}, /channel name/],
    [400, `/channels/${channel}/events`, { after_id: 'x' }, /whole number/],
    [409, `/channels/${channel}/events`, { after_id: 7 }, /./],
  ]) {
    const got = await refusal(server.get({ path, params }));
    assert.equal(got.status, status);
    assert.match(JSON.parse(got.text).detail, detail);
  }
});

// --- refused signatures ---

const seconds = (shift) => String(Math.floor(Date.now() / 1000) + shift);
const BODY = { channel: 'plain', name: 'e', data: 'd' };
const ISO = String.raw`\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)`;
const TOO_OLD = new RegExp(`^Timestamp expired: Given timestamp ${ISO} not ` +
  `within 600s of server time ${ISO}\n$`);

for (const [name, options, text] of [
  ['an unknown key', { change: { auth_key: 'nobody' } },
    /^Unknown auth_key\n$/],
  ['the key of another app', { change: { auth_key: OTHER.key } },
    /^Unknown auth_key\n$/],
  ['no key', { change: { auth_key: undefined } }, /^Unknown auth_key\n$/],
  ['no version', { change: { auth_version: undefined } },
    /^Version required\n$/],
  ['another version', { change: { auth_version: '2.0' } },
    /^Version not supported\n$/],
  ['no timestamp', { change: { auth_timestamp: undefined } },
    /^Timestamp required\n$/],
  ['a timestamp that is too old', { change: { auth_timestamp: seconds(-601) } },
    TOO_OLD],
  ['a timestamp that is too new', { change: { auth_timestamp: seconds(660) } },
    TOO_OLD],
  ['no signature', { spoil: { auth_signature: '' } },
    /^Invalid signature: .*, but you sent ""\n$/],
  ['a wrong signature', { spoil: { auth_signature: 'a'.repeat(64) } },
    new RegExp('^Invalid signature: you should have sent HmacSHA256Hex\\(' +
      `"POST\\\\n/apps/1/events\\\\nauth_key=${KEY}&auth_timestamp=\\d+` +
      `&auth_version=1\\.0&body_md5=${md5(JSON.stringify(BODY))}", ` +
      `your_secret_key\\), but you sent "${'a'.repeat(64)}"\n$`)],
  ['a parameter that was not signed', { spoil: { more: '1' } },
    /^Invalid signature: /],
  ['the MD5 of another body', { sent: JSON.stringify({ ...BODY, data: 'D' }) },
    /^Invalid body_md5: .*, but you sent "[0-9a-f]{32}"\n$/],
  ['no MD5', { change: { body_md5: undefined } }, /^body_md5 required\n$/],
]) {
  apiTest(`${name} is refused with 401`, async (t) => {
    const client = await listen(t, BODY.channel);
    const answer = await signedPost(stack, APP, '/events', BODY, options);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('WWW-Authenticate'), 'Pusher');
    assert.match(answer.text, text);
    assert.match(answer.headers.get('Content-Type'), /^text\/plain/);
    assert.equal(answer.headers.get('Cache-Control'), 'no-store');
    await server.trigger(BODY.channel, 'next', 1);
    await hears(client, 1);
    assert.deepEqual(client.heard, [['next', 1]]);
  });
}

apiTest('a timestamp within 600 s either way is good', async () => {
  for (const shift of [-590, 590]) {
    const { status } = await signedPost(stack, APP, '/events', BODY,
      { change: { auth_timestamp: seconds(shift) } });
    assert.equal(status, 200);
  }
});

apiTest('a wrong secret is reported by every call of the library', async () => {
  const wrong = openServer(stack, { ...APP, secret: 'not the right one' });
  for (const call of [() => wrong.trigger('a', 'b', 'c'),
    () => wrong.triggerBatch([{ channel: 'a', name: 'b', data: 'c' }]),
    () => wrong.get({ path: '/channels/orders-1/events' })]) {
    const { status, text } = await refusal(call());
    assert.equal(status, 401);
    assert.match(text, /^Invalid signature: /);
  }
});

apiTest('a repeated key is refused, whichever value is right', async () => {
  const body = JSON.stringify(BODY);
  const target = signedTarget(APP, 'POST', '/events', { body });
  const answer = await stack.request(`${target}&auth_key=${OTHER.key}`,
    { method: 'POST', body });
  assert.equal(answer.status, 400);
});

apiTest('parameters are signed unescaped', async () => {
  const path = '/apps/1/channels/orders-x/events';
  const params = { auth_key: KEY, auth_timestamp: seconds(0),
    auth_version: '1.0', Info: 'a b,c&d=é' };
  const named = Object.fromEntries(Object.entries(params)
    .map(([name, value]) => [name.toLowerCase(), value]));
  const query = new URLSearchParams({ ...params,
    auth_signature: sign(APP.secret, 'GET', path, named) });
  assert.equal((await stack.request(`${path}?${query}`)).status, 200);
});

// --- refused bodies, paths, methods ---

const many = (count, item) => Array.from({ length: count }, () => item);

for (const [status, name, body, text, path = '/events'] of [
  [413, 'data over 10240 bytes', { ...BODY, data: 'é'.repeat(5121) },
    'The data content of this event exceeds the allowed maximum ' +
    '(10240 bytes).'],
  [413, 'such data in a batch',
    { batch: [BODY, { ...BODY, data: 'x'.repeat(10_241) }] },
    'The data content of this event exceeds the allowed maximum ' +
    '(10240 bytes).', '/batch_events'],
  [400, '101 channels',
    { name: 'e', data: 'd', channels: many(101, 'c') },
    'An event goes to 1 to 100 channels, not 101'],
  [400, '11 events in a batch', { batch: many(11, BODY) },
    'A batch has at most 10 events, not 11', '/batch_events'],
  [400, 'a channel name with a blank', { ...BODY, channel: 'a b' },
    'Invalid channel name: "a b"'],
  [400, 'a channel name that Redis could read twice',
    { ...BODY, channel: 'a\r\nPUBLISH' },
    'Invalid channel name: "a\\r\\nPUBLISH"'],
  [400, 'a channel name of 165 characters',
    { ...BODY, channel: 'x'.repeat(165) },
    `Invalid channel name: "${'x'.repeat(165)}"`],
  [400, 'an event name of 201 characters', { ...BODY, name: 'x'.repeat(201) },
    'The event name is longer than 200 characters'],
  [400, 'no name', { channel: 'c', data: 'd' },
    'Expected name parameter to be a string'],
  [400, 'data that is no string', { ...BODY, data: {} },
    'Expected data parameter to be a string'],
  [400, 'a socket_id that is none', { ...BODY, socket_id: '1' },
    'Invalid socket_id'],
]) {
  apiTest(`${name} is refused with ${status}`, async () => {
    const answer = await signedPost(stack, APP, path, body);
    assert.equal(answer.status, status);
    assert.equal(answer.text, `${text}\n`);
  });
}

apiTest('10240 bytes of data are accepted, in any spelling',
  async (t, channel) => {
  const client = await listen(t, channel);
  const data = '\x01'.repeat(10_240); // six bytes each in JSON
  await signedPost(stack, APP, '/batch_events',
    { batch: many(10, { channel, name: 'e', data }) });
  await hears(client, 10);
  assert.deepEqual(client.heard, many(10, ['e', data]));
});

apiTest('an app may have another limit', async () => {
  const answer = await signedPost(stack, OTHER, '/events',
    { ...BODY, data: 'x'.repeat(101) });
  assert.equal(answer.status, 413);
  assert.match(answer.text, /\(100 bytes\)/);
});

apiTest('a body that is not JSON is refused with 400', async () => {
  const body = '{"name":';
  const answer = await stack.request(
    signedTarget(APP, 'POST', '/events', { body }), { method: 'POST', body });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /^The body does not parse as JSON: /);
});

apiTest('a batch with one invalid event sends none',
  async (t, channel) => {
    const client = await listen(t, channel);
    await refusal(server.triggerBatch([{ channel, name: 'e', data: 1 },
      { channel: 'a:b', name: 'e', data: 1 }]));
    await server.trigger(channel, 'next', 1);
    await hears(client, 1);
    assert.deepEqual(client.heard, [['next', 1]]);
  });

apiTest('an unknown app is 404, another method 405', async () => {
  const { status, text } = await signedPost(stack, { ...APP, id: '9' },
    '/events', BODY);
  assert.deepEqual({ status, text },
    { status: 404, text: 'No app has this id\n' });
  const get = await stack.request('/apps/1/events');
  assert.equal(get.status, 405);
  assert.equal(get.headers.get('Allow'), 'POST, OPTIONS');
  assert.equal((await stack.request('/apps/1/nothing')).status, 404);
});

// --- when something is unavailable ---

apiTest('without Redis plain events are 503, and durable ones arrive',
  async (t, channel) => {
    const wire = await wireOn(t, 'orders-away');
    await stack.hold('redis');
    try {
      await until('its absence is noticed', async () =>
        (await signedPost(stack, APP, '/events', { ...BODY, channel }))
          .status === 503);
      const answer = await signedPost(stack, APP, '/events',
        { ...BODY, channel });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('Retry-After'), '1');
      assert.equal(answer.text, 'Events can\'t be delivered at the moment\n');
      // no half-done call: the durable event is not stored either
      const mixed = await signedPost(stack, APP, '/events',
        { name: 'e', data: 'mixed', channels: [channel, 'orders-away'] });
      assert.equal(mixed.status, 503);
      await server.trigger('orders-away', 'e', 'stored');
      const event = JSON.parse(await wire.nextText());
      assert.deepEqual(event, { event: 'e', channel: 'orders-away',
        data: 'stored', id: 1 });
    } finally {
      await stack.release('redis');
    }
    await until('events are accepted again', async () =>
      (await signedPost(stack, APP, '/events', { ...BODY, channel }))
        .status === 200);
  });

apiTest('without PostgreSQL durable events are 503, and plain ones arrive',
  async (t, channel) => {
    const client = await listen(t, channel);
    await stack.hold('postgres');
    try {
      const { status, text } = await refusal(
        server.trigger(['orders-down', channel], 'e', 1));
      assert.equal(status, 503);
      assert.equal(text, 'The event was not committed in time: repeat it ' +
        'with the same Idempotency-Key\n');
      await server.trigger(channel, 'plain', 1);
      await hears(client, 1);
      assert.deepEqual(client.heard, [['plain', 1]]);
    } finally {
      await stack.release('postgres');
    }
  });
