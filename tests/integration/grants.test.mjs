// SPDX-License-Identifier: MIT
//
// The history of a non-public channel is open to those who may subscribe to it:
// they get a grant, and GET /messages requires it.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { closePusher, KEY, openPusher, Wire } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };
const HOUR_S = 3600;

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [{ ...APP,
    durable_channels: ['private-orders-*', 'presence-orders-*', 'orders-*'],
  }] }),
} });
after(() => stack.stop());

const server = openServer(stack, APP);
let channels = 0;

/** A test with a private channel of its own, which has three events. */
function grantTest(name, fn) {
  test(name, stack.logged(async (t) => {
    const channel = `private-orders-${channels += 1}`;
    await server.triggerBatch([1, 2, 3].map((n) =>
      ({ channel, name: 'e', data: { n } })));
    await fn(t, channel);
  }));
}

const nowS = () => Math.floor(Date.now() / 1000);

/**
 * The grant that messages-fcgi and relay make, computed as API.md describes.
 */
function grantOf(channel, { user = '', expiry = nowS() + 60, app = APP } = {}) {
  const signature = createHmac('sha256', app.secret)
    .update(`grant\n${app.id}\n${expiry}\n${channel}\n${user}`).digest('hex');
  return `${expiry}:${Buffer.from(user).toString('hex')}:${signature}`;
}

/** GET /messages with a grant, if there is one. */
const read = (channel, grant, query = {}, options = {}) =>
  stack.request(`/messages?${new URLSearchParams({ channel, ...query })}`, {
    ...options, headers: { ...options.headers,
      ...(grant === undefined ? {} : { 'Pushlog-Grant': grant }) } });

/** Asserts that the grant opens the channel, and the headers of the answer. */
async function opens(channel, grant) {
  const answer = await read(channel, grant);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json.results.map(({ id, event, data }) =>
    [id, event, data]), [1, 2, 3].map((n) => [n, 'e', `{"n":${n}}`]));
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.equal(answer.headers.get('ETag'), null);
}

async function refuses(status, channel, grant, why) {
  const answer = await read(channel, grant);
  assert.equal(answer.status, status, why);
  assert.equal(answer.json.param, 'Pushlog-Grant');
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
}

/** The parts of a grant that was made for an hour within the last minutes. */
function parse(grant) {
  const [, expiry, user] = /^(\d+):([0-9a-f]*):[0-9a-f]{64}$/.exec(grant);
  const left = Number(expiry) - nowS();
  assert.ok(left > HOUR_S - 300 && left <= HOUR_S, `${left} s`);
  return { expiry: Number(expiry), user: Buffer.from(user, 'hex').toString() };
}

grantTest('pusher-js gets a grant with its subscription',
  async (t, channel) => {
  const pusher = openPusher(stack, { channelAuthorization: {
    endpoint: `${stack.origin}/pusher/auth`, transport: 'ajax' } });
  t.after(() => closePusher(pusher));
  let data;
  pusher.subscribe(channel).bind('pusher:subscription_succeeded',
    (given) => { data = given; });
  await until('it is subscribed', () => data);
  assert.equal(data.base, 3);
  const { expiry } = parse(data.grant);
  assert.equal(data.grant, grantOf(channel, { expiry }));
  await opens(channel, data.grant);
});

grantTest('a presence channel gets a grant beside its members', async (t) => {
  const channel = 'presence-orders-1';
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  const data = await wire.subscribe(channel, server.authorizeChannel(
    wire.socketId, channel, { user_id: 'Ada' }));
  assert.deepEqual(data.presence.ids, ['Ada']);
  parse(data.grant);
  assert.equal((await read(channel, data.grant)).status, 200);
});

grantTest('a page gets a grant that names its user before it subscribes',
  async (t, channel) => {
    const { json } = await stack.request('/pusher/auth', { method: 'POST',
      body: new URLSearchParams({ socket_id: '1.2', channel_name: channel,
        name: 'Ada é' }) });
    const { expiry, user } = parse(json.grant);
    assert.equal(user, 'Ada é');
    assert.equal(json.grant, grantOf(channel, { user, expiry }));
    await opens(channel, json.grant);
  });

grantTest('no grant for public channels or channels without history',
  async (t) => {
    const wire = await Wire.open(stack);
    t.after(() => wire.close());
    const plain = 'private-plain';
    const { json } = await stack.request('/pusher/auth', { method: 'POST',
      body: new URLSearchParams({ socket_id: wire.socketId,
        channel_name: plain }) });
    assert.deepEqual(Object.keys(json), ['auth']);
    assert.deepEqual(await wire.subscribe(plain, json), {});
    assert.deepEqual(Object.keys(await wire.subscribe('orders-1')),
      ['base', 'epoch']);
    const { status } = await read(plain, grantOf(plain));
    assert.equal(status, 403);
  });

grantTest('a missing grant is 401, an invalid one 403', async (t, channel) => {
  await refuses(401, channel, undefined);
  await refuses(401, channel, '');
  const good = grantOf(channel, { user: 'Ada' });
  await opens(channel, good);
  for (const [why, bad] of [
    ['expired', grantOf(channel, { expiry: nowS() })],
    ['long expired', grantOf(channel, { expiry: 1 })],
    ['another channel\'s', grantOf(`${channel}0`)],
    ['another app\'s', grantOf(channel, { app: { ...APP, id: '2' } })],
    ['by another secret',
      grantOf(channel, { app: { ...APP, secret: 'another secret of ours' } })],
    ['another user\'s', good.replace(/:[0-9a-f]*:/, ':457665:')],
    ['a longer life', good.replace(/^\d+/, (expiry) => `${expiry}0`)],
    ['in upper case', good.toUpperCase()],
    ['cut', good.slice(0, -1)],
    ['nothing but colons', '::'],
    ['text', 'please'],
    ['long', 'f'.repeat(4000)],
    ['a signature of the channel',
      server.authorizeChannel('1.2', channel).auth],
  ]) {
    await refuses(403, channel, bad, why);
  }
  for (let i = 0; i < good.length; i += 1) {
    const flipped = good[i] === '1' ? '2' : '1';
    await refuses(403, channel, good.slice(0, i) + flipped + good.slice(i + 1),
      `character ${i}`);
  }
});

grantTest("a grant is not accepted as a subscription's signature",
  async (t, channel) => {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  const [, , signature] = grantOf(channel).split(':');
  for (const auth of [grantOf(channel), `${KEY}:${signature}`]) {
    wire.send({ event: 'pusher:subscribe', data: { channel, auth } });
    assert.equal((await wire.next('pusher:error')).data.code, 4009);
    await wire.next('pusher:subscription_error');
  }
});

grantTest('a grant opens every form of GET, and no cache keeps the answer',
  async (t, channel) => {
    const grant = grantOf(channel);
    const { json: { head, epoch } } = await read(channel, grant);
    const closed = await read(channel, grant,
      { after_id: 1, until_id: 2, epoch });
    assert.deepEqual(closed.json.results.map(({ id }) => id), [2]);
    assert.equal(closed.headers.get('Cache-Control'), 'no-store');
    assert.equal(head, 3);
    const etag = '*';
    const again = await read(channel, grant, {},
      { headers: { 'If-None-Match': etag } });
    assert.equal(again.status, 200);
    assert.equal((await read(channel, grant, {}, { method: 'HEAD' })).status,
      200);
    assert.equal((await read(channel, undefined, {}, { method: 'HEAD' }))
      .status, 401);
    assert.equal((await read(channel, grant, { after_id: 9 })).status, 409);
    // and an answer read with a grant is not served without one
    await refuses(401, channel, undefined);
  });
