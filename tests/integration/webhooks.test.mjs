// SPDX-License-Identifier: MIT
//
// Webhooks: a real HTTP server as the receiver, two processes that may send,
// and the official library's verification.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { metrics, opsSocket } from './ops.mjs';
import { startReceiver } from './receiver.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const SENDERS = ['messages-fcgi', 'messages-fcgi-2'];
const RETRY_MS = 300_000; // of an event, from when it happened
const ANSWER_MS = 10_000; // the longest wait for an answer
const LEASE_MS = 15_000; // of a process that has died

const receiver = await startReceiver();
after(() => receiver.close());

/**
 * A server with an untrusted certificate; told: what it receives.
 */
async function startImpostor() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-impostor-'));
  const [key, cert] = ['key', 'cert'].map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const told = [];
  const server = https.createServer({ key: fs.readFileSync(key),
    cert: fs.readFileSync(cert) }, (request, response) => {
    told.push(request.url);
    response.end();
  });
  fs.rmSync(folder, { recursive: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, told, url: `https://localhost:${server.address().port}/` };
}

const impostor = await startImpostor();
after(() => impostor.server.close());

const app = (id, webhooks) => ({ id, key: `key-${id}`,
  secret: `the secret of app ${id}`, webhooks });
// Real events, by kind: either of two kinds may come first.
const REAL = { ...app('10', [
  ['/occupied', ['channel_occupied', 'channel_vacated']],
  ['/members', ['member_added', 'member_removed']],
  ['/count', ['subscription_count']],
  ['/client', ['client_event']],
  ['/cache', ['cache_miss']],
].map(([path, events]) => ({ url: receiver.url(path), events }))),
subscription_count: true, client_events: true };
const APPS = [
  app('1', [receiver.url('/1')]),
  app('2', [receiver.url('/2'),
    { url: receiver.url('/2/some'), events: ['member_added', 'cache_miss'] }]),
  ...['3', '4', '5', '6', '7', '8', '9'].map((id) =>
    app(id, [receiver.url(`/${id}`)])),
  REAL,
  app('11', [impostor.url]),
  app('12', [receiver.url('/12/quick'), receiver.url('/12/slow')]),
  ...['13', '14'].map((id) => app(id, [receiver.url(`/${id}`)])),
];

const PUSHLOG_APPS = JSON.stringify({ apps: APPS });

const stack = await startStack({ env: {
  COPIES: '2', no_proxy: '*', PUSHLOG_APPS } });
after(() => stack.stop());

function hookTest(name, fn) {
  test(name, stack.logged(fn));
}

const occupied = (channel) => ({ name: 'channel_occupied', channel });
const added = (userId) =>
  ({ name: 'member_added', channel: 'presence-a', user_id: userId });

/** Adds an event as a relay does; id: its time. */
const happen = (id, event, when = '*') => stack.redis(['xadd',
  `pushlog:webhooks:${id}`, when, 'event', JSON.stringify(event)]);

/** The sum of a metric of both processes. */
async function told(name) {
  const all = await Promise.all(SENDERS.map((sender) =>
    metrics(opsSocket(stack, sender))));
  return all.reduce((sum, each) =>
    sum + each.get(`pushlog_messages_webhook_${name}`), 0);
}

/** The lines of a log about an app's webhooks. */
const linesOf = (sender, id) => stack.log(sender).filter((line) =>
  line.includes(`webhooks of app '${id}'`));

/** The process that sends webhooks, once it has logged so. */
async function senderOf(id) {
  const find = () =>
    SENDERS.filter((sender) => linesOf(sender, id).length > 0);
  await until('one process sends', () => find().length > 0);
  assert.equal(find().length, 1);
  return find()[0];
}

/** Waits until nothing is under way: the next event comes next. */
async function assertNothingElse(id, hook, before) {
  await happen(id, occupied('the-last'));
  assert.deepEqual((await hook.heard(before + 1)).slice(before),
    [occupied('the-last')]);
}

hookTest('an event is one POST that the library verifies', async () => {
  const hook = receiver.hook('/1');
  const event = { ...added('ä"1'), more: { deep: [1, null] } };
  const id = await happen('1', event);
  assert.deepEqual(await hook.heard(1), [event]);
  const [{ method, headers, rawBody }] = hook.posts;
  assert.equal(method, 'POST');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['x-pusher-key'], 'key-1');
  assert.equal(rawBody, `{"time_ms":${id.split('-')[0]},"events":[${
    JSON.stringify(event)}]}`);
  const post = openServer(stack, APPS[0]).webhook({ headers, rawBody });
  assert.ok(post.isValid());
  assert.ok(!openServer(stack, APPS[1]).webhook({ headers, rawBody })
    .isValid([{ key: 'key-1', secret: 'another secret' }]));
  assert.equal(headers.expect, undefined);
  await assertNothingElse('1', hook, 1);
});

hookTest('a URL gets only the events that it selects', async () => {
  await happen('2', occupied('a'));
  await happen('2', added('1'));
  await happen('2', { name: 'client_event', channel: 'private-a' });
  await happen('2', { name: 'cache_miss', channel: 'cache-a' });
  await receiver.hook('/2').heard(4);
  assert.deepEqual((await receiver.hook('/2/some').heard(2))
    .map(({ name }) => name), ['member_added', 'cache_miss']);
});

hookTest('events that all URLs have accepted are deleted', async () => {
  const stream = 'pushlog:webhooks:12';
  const kept = async () => Number(await stack.redis(['xlen', stream]));
  const groups = async () =>
    (await stack.redis(['xinfo', 'groups', stream])).match(/^name$/gm).length;
  const [quick, slow] = ['/12/quick', '/12/slow'].map((path) =>
    receiver.hook(path));
  const release = slow.hold();
  await happen('12', occupied('a'));
  // of a URL that is no longer configured
  await stack.redis(['xgroup', 'create', stream, 'abandoned', '0']);
  await quick.heard(1);
  await slow.heard(1);
  await happen('12', occupied('b'));
  await happen('12', occupied('c'));
  await quick.heard(3);
  await until('the abandoned group goes', async () => await groups() === 2);
  assert.equal(await kept(), 3);
  release();
  assert.deepEqual(await slow.heard(3), ['a', 'b', 'c'].map(occupied));
  await until('nothing is kept', async () => await kept() === 0);
});

hookTest('up to 100 events make one POST, in order, each once', async () => {
  const hook = receiver.hook('/3');
  const release = hook.hold();
  await happen('3', occupied('first'));
  await until('a POST is under way', () => hook.posts.length === 1);
  await stack.redis(['eval', `for i = 1, 250 do
    redis.call('xadd', KEYS[1], '*', 'event',
      '{"name":"channel_occupied","channel":"c' .. i .. '"}')
    end`, '1', 'pushlog:webhooks:3']);
  release();
  const events = await hook.heard(251);
  assert.deepEqual(events.map(({ channel }) => channel),
    ['first', ...Array.from({ length: 250 }, (_, i) => `c${i + 1}`)]);
  assert.deepEqual(hook.posts.map(({ rawBody }) =>
    JSON.parse(rawBody).events.length), [1, 100, 100, 50]);
  await assertNothingElse('3', hook, 251);
  await senderOf('3');
});

hookTest('a POST without success is repeated, the same to the byte',
  async () => {
  const hook = receiver.hook('/4');
  const failures = await told('failures_total');
  hook.answerWith(500);
  await happen('4', occupied('a'));
  await until('it is tried twice', () => hook.posts.length >= 2);
  await happen('4', occupied('b'));
  await until('both wait', async () => await told('events_waiting') === 2);
  hook.answerWith(204);
  await until('the second gets it', () =>
    hook.events.at(-1).channel === 'b');
  const bodies = hook.posts.map(({ rawBody }) => rawBody);
  assert.equal(new Set(bodies).size, 2);
  assert.equal(new Set(bodies.slice(0, -1)).size, 1);
  await until('they are counted', async () =>
    await told('events_waiting') === 0);
  assert.ok(await told('failures_total') >= failures + 2);
  const sender = await senderOf('4');
  assert.deepEqual(linesOf(sender, '4').map((line) =>
    line.replace(/^.*webhooks of app/, '')), [
    " '4' don't reach '127.0.0.1', retrying: answered 500",
    " '4' reach '127.0.0.1'"]);
});

hookTest("a POST with success is not repeated if the answer's body breaks off",
  async () => {
    const hook = receiver.hook('/14');
    hook.answerWith(200, { 'Content-Length': '100', Connection: 'close' });
    await happen('14', occupied('a'));
    await hook.heard(1);
    await assertNothingElse('14', hook, 1);
  });

hookTest('a redirect is neither followed nor a success', async () => {
  const hook = receiver.hook('/5');
  hook.answerWith(307, { Location: receiver.url('/elsewhere') });
  await happen('5', occupied('a'));
  await until('it is tried twice', () => hook.posts.length >= 2);
  hook.answerWith(200);
  const tries = hook.posts.length;
  await until('it is taken', () => hook.posts.length > tries);
  assert.equal(receiver.hook('/elsewhere').posts.length, 0);
});

hookTest('a server with an untrusted certificate receives nothing',
  async () => {
    await happen('11', occupied('a'));
    const sender = await senderOf('11');
    assert.match(linesOf(sender, '11')[0], /don't reach 'localhost'.*: SSL /);
    assert.deepEqual(impostor.told, []);
  });

hookTest('after 5 minutes an event is dropped and counted', async () => {
  const hook = receiver.hook('/6');
  const dropped = await told('events_dropped_total');
  hook.answerWith(503);
  await happen('6', occupied('old'), `${Date.now() - RETRY_MS + 3000}-0`);
  await until('it is dropped', async () =>
    await told('events_dropped_total') === dropped + 1);
  hook.answerWith(200);
  await happen('6', occupied('new'));
  await until('the next one arrives', () =>
    hook.events.at(-1).channel === 'new');
  assert.deepEqual(JSON.parse(hook.posts.at(-1).rawBody).events,
    [occupied('new')]);
});

hookTest('a stopping process waits for its answer, and another one takes over',
  async () => {
  const hook = receiver.hook('/7');
  await happen('7', occupied('a'));
  await hook.heard(1);
  const sender = await senderOf('7');
  const release = hook.hold();
  await happen('7', occupied('b'));
  await hook.heard(2);
  const stopping = stack.hold(sender);
  await until('it stops', () =>
    stack.log(sender).some((line) => line.includes('stopping on signal')));
  release();
  await stopping;
  await happen('7', occupied('c'));
  assert.deepEqual(await hook.heard(3), ['a', 'b', 'c'].map(occupied));
  await stack.release(sender);
  await assertNothingElse('7', hook, 3);
});

hookTest('events that a killed process held are sent by another one',
  async () => {
  const hook = receiver.hook('/8');
  await happen('8', occupied('a'));
  await hook.heard(1);
  const sender = await senderOf('8');
  const release = hook.hold();
  await happen('8', occupied('b'));
  await hook.heard(2);
  stack.kill(sender);
  release();
  // it was accepted, but only the killed process knew
  assert.deepEqual(await hook.heard(3, 2 * LEASE_MS),
    ['a', 'b', 'b'].map(occupied));
  assert.equal(hook.posts[1].rawBody, hook.posts[2].rawBody);
  await assertNothingElse('8', hook, 3);
});

hookTest('after a Redis that lost its data, events are sent again',
  async () => {
  const hook = receiver.hook('/9');
  await happen('9', occupied('a'));
  await hook.heard(1);
  await stack.hold('redis');
  await stack.release('redis');
  await happen('9', occupied('b'));
  assert.deepEqual(await hook.heard(2), ['a', 'b'].map(occupied));
});

// The next test continues in the background.
hookTest('a POST without an answer is waited for', async () => {
  const hook = receiver.hook('/13');
  hook.hold();
  await happen('13', occupied('a'));
  await hook.heard(1);
});

// --- events of the relays, from connections at any worker ---

const open = async (t, at = stack) => {
  const wire = await Wire.open(at, { key: REAL.key });
  t.after(() => wire.close());
  return wire;
};

const enter = (wire, channel, userId) => wire.subscribe(channel,
  userId && openServer(stack, REAL).authorizeChannel(wire.socketId, channel,
    { user_id: userId }));

const leave = (wire, channel) =>
  wire.send({ event: 'pusher:unsubscribe', data: { channel } });

hookTest('a channel is occupied, counted and vacated', async (t) => {
  const channel = 'plain';
  const hook = receiver.hook('/occupied');
  const counts = receiver.hook('/count');
  const wires = [await open(t), await open(t)];
  await enter(wires[0], channel);
  await counts.heard(1);
  await enter(wires[1], channel);
  await counts.heard(2);
  wires.forEach((wire) => leave(wire, channel));
  assert.deepEqual(await hook.heard(2), [occupied(channel),
    { name: 'channel_vacated', channel }]);
  assert.deepEqual(counts.events.slice(0, 2), [1, 2].map((n) =>
    ({ name: 'subscription_count', channel, subscription_count: n })));
});

hookTest('members are added and removed once, whatever their connections',
  async (t) => {
  const channel = 'presence-team';
  const hook = receiver.hook('/members');
  const ada = [await open(t), await open(t)];
  const eve = [await open(t), await open(t)];
  for (const wire of ada) await enter(wire, channel, 'Ada');
  await hook.heard(1);
  await enter(eve[0], channel, 'Eve');
  await hook.heard(2);
  // from one page to the next: no event
  leave(eve[0], channel);
  await enter(eve[1], channel, 'Eve');
  leave(ada[0], channel);
  await ada[1].close();
  await hook.heard(3);
  await enter(await open(t), channel, 'Bob');
  assert.deepEqual(await hook.heard(4), [['added', 'Ada'], ['added', 'Eve'],
    ['removed', 'Ada'], ['added', 'Bob']].map(([what, user_id]) =>
    ({ name: `member_${what}`, channel, user_id })));
});

hookTest("a user's id may be any string", async (t) => {
  const channel = 'presence-odd';
  const names = ['a b', '*', '"\\/<>', 'grüße 日本', 'a\r\nPUBLISH x y', '-', '10'];
  const told = () => receiver.hook('/members').events
    .filter((event) => event.channel === channel);
  for (const [i, name] of names.entries()) {
    const wire = await open(t);
    const { presence } = await enter(wire, channel, name);
    assert.deepEqual(presence.ids.sort(), names.slice(0, i + 1).sort());
    await until('it arrives', () => told().length > i);
  }
  assert.deepEqual(told().map((event) => event.user_id), names);
});

hookTest("client events are sent with the user's id", async (t) => {
  const hook = receiver.hook('/client');
  const wire = await open(t);
  const send = (channel, data) =>
    wire.send({ event: 'client-typing', channel, data });
  await enter(wire, 'presence-chat', 'Ada');
  send('presence-chat', { on: true });
  const signed = openServer(stack, REAL)
    .authorizeChannel(wire.socketId, 'private-chat');
  await wire.subscribe('private-chat', signed);
  send('private-chat', 'a "string"');
  const from = { name: 'client_event', event: 'client-typing',
    socket_id: wire.socketId };
  assert.deepEqual(await hook.heard(2), [
    { ...from, channel: 'presence-chat', data: '{"on":true}', user_id: 'Ada' },
    { ...from, channel: 'private-chat', data: 'a "string"' }]);
});

hookTest('a cache miss is sent', async (t) => {
  const hook = receiver.hook('/cache');
  const wire = await open(t);
  await enter(wire, 'cache-a');
  await hook.heard(1);
  await openServer(stack, REAL).trigger('cache-b', 'e', 1);
  await enter(await open(t), 'cache-b');
  await enter(await open(t), 'cache-a');
  assert.deepEqual(await hook.heard(2), ['cache-a', 'cache-a'].map((channel) =>
    ({ name: 'cache_miss', channel })));
});

hookTest('members lost with killed workers are removed once', async (t) => {
  const channels = ['presence-shared', 'presence-lost'];
  const relay = await startRelay(stack, { PUSHLOG_APPS, PUSHLOG_WORKERS: '2',
    PUSHLOG_APP_KEY: undefined, PUSHLOG_APP_SECRET: undefined });
  const told = () => ['/members', '/occupied'].map((path) =>
    receiver.hook(path).events.filter(({ channel }) =>
      channels.includes(channel)));
  const sorted = (events) =>
    events.map((event) => JSON.stringify(event)).sort();
  const member = (what, channel, user) =>
    ({ name: `member_${what}`, channel, user_id: user });
  for (const user of ['Ada', 'Bob']) {
    await enter(await open(t), 'presence-shared', user);
  }
  for (const channel of channels) {
    for (const user of ['Ada', 'Eve', 'Eve', 'Joe']) {
      await enter(await open(t, relay.socket), channel, user);
    }
  }
  const came = [...['Ada', 'Bob', 'Eve', 'Joe'].map((user) =>
    member('added', 'presence-shared', user)),
  ...['Ada', 'Eve', 'Joe'].map((user) =>
    member('added', 'presence-lost', user))];
  await until('they arrive', () => told()[0].length === came.length);
  for (const worker of relay.workers()) process.kill(worker, 'SIGKILL');
  const gone = [...['Eve', 'Joe'].map((user) =>
    member('removed', 'presence-shared', user)),
  ...['Ada', 'Eve', 'Joe'].map((user) =>
    member('removed', 'presence-lost', user))];
  await until('they arrive', () =>
    told()[0].length >= came.length + gone.length &&
    told()[1].length > channels.length);
  // a repetition would precede the following event
  await enter(await open(t, relay.socket), 'presence-shared', 'the last');
  await enter(await open(t, relay.socket), 'one-more');
  await until('the end arrives', () =>
    told()[0].at(-1).user_id === 'the last' &&
    receiver.hook('/occupied').events.at(-1).channel === 'one-more');
  const [members, rooms] = told();
  assert.deepEqual(sorted(members), sorted([...came, ...gone,
    member('added', 'presence-shared', 'the last')]));
  assert.deepEqual(sorted(rooms), sorted([...channels.map(occupied),
    { name: 'channel_vacated', channel: 'presence-lost' }]));
});

hookTest('after 10 s without an answer the same POST is repeated', async () => {
  const hook = receiver.hook('/13');
  await hook.heard(2, 2 * ANSWER_MS);
  assert.equal(hook.posts[0].rawBody, hook.posts[1].rawBody);
  // not by another process, which takes over when the first one hangs
  const lines = SENDERS.flatMap((sender) => linesOf(sender, '13'));
  assert.match(lines[0], /retrying: Timeout was reached$/);
});
