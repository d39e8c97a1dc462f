// SPDX-License-Identifier: MIT
//
// The promises of common/wire/roster.lua, on a private Redis. The test sets the
// script's clock, so it never waits.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../stack.mjs';
import { startRedis } from './resp.mjs';

const SCRIPT = fileURLToPath(new URL('../../common/wire/roster.lua', import.meta.url));
const HEADER = fileURLToPath(new URL('../../relay/backends/roster.h', import.meta.url));
const APP = '7';
const LEASE_MS = 5000;
const LEAVING_MS = 3000;
const CROWD_MS = 5000;
const TERMINATED_MS = 60_000;

let server;
let redis;
let listener; // receives the hints
let sha;

before(async () => {
  server = await startRedis();
  redis = await server.connect();
  listener = await server.connect();
  await listener.command('subscribe', 'p:roster');
  const text = fs.readFileSync(SCRIPT, 'utf8');
  const timed = text.replace('local now = clock()',
    "local now = tonumber(call('GET', 'clock'))");
  assert.notEqual(timed, text);
  sha = await redis.command('script', 'load', timed);
});

after(async () => {
  redis.close();
  listener.close();
  await server.stop();
});

beforeEach(async () => {
  await redis.command('flushall');
  await redis.command('set', 'clock', 1_795_453_367_656);
  // long past the time when a Redis counts as new
  await redis.command('set', 'p:roster:born', 1);
  await hints();
});

function roster(op, ...words) {
  return redis.command('evalsha', sha, 0, op, 'p', ...words);
}

function pass(ms) {
  return redis.command('incrby', 'clock', ms);
}

// The hints that were published since the last call.
async function hints() {
  await redis.command('publish', 'p:roster', 'end');
  const is = ([, text]) => text === 'end';
  await until('the hints come', () => listener.pushed.some(is));
  return listener.pushed.splice(0).map(([, text]) => text)
    .filter((text) => text !== 'end');
}

// The events that would be posted to the app, in order.
async function webhooks(app = APP) {
  const entries = await redis.command('xrange', `p:webhooks:${app}`, '-', '+');
  await redis.command('del', `p:webhooks:${app}`);
  return entries.map(([, [field, json]]) => {
    assert.equal(field, 'event');
    return JSON.parse(json);
  });
}

async function begin(...nodes) {
  for (const node of nodes) await roster('begin', node, APP, 'wc');
}

function join(node, user, { channel = 'presence-x', info = '{}', max = 0 } = {}) {
  return roster('join', node, APP, channel, max, user, info);
}

function members(node) {
  return roster('members', node, APP, 'presence-x');
}

function again(node, ...users) {
  return roster('register', node, 1, APP, 'presence-x',
    ...users.flatMap((user) => [user, '{}']));
}

function part(node, user, channel = 'presence-x') {
  return roster('part', node, APP, channel, user);
}

const member = (name, user, channel = 'presence-x') => (
  { name, channel, user_id: user });

test('a node that has not begun is refused', async () => {
  for (const [op, ...words] of [['renew'], ['count', 0, APP, 'a', 1],
    ['join', APP, 'presence-x', 0, 'u', ''],
    ['register', 0, APP, 'presence-x', 'u', ''], ['part', APP, 'presence-x', 'u'],
    ['members', APP, 'presence-x'], ['online', APP, 1, 'u'], ['replace', 'o']]) {
    await assert.rejects(roster(op, 'n1', ...words), /UNKNOWN/);
  }
  assert.deepEqual(await redis.command('keys', 'p:roster:node*'), []);
});

test('a beginning node learns its lease', async () => {
  assert.equal(await roster('begin', 'n1', APP, ''), LEASE_MS);
  await pass(LEASE_MS - 1);
  assert.equal(await roster('renew', 'n1'), 1);
  await pass(LEASE_MS - 1);
  assert.equal(await roster('renew', 'n1'), 1);
  await pass(LEASE_MS);
  await assert.rejects(roster('renew', 'n1'), /UNKNOWN/);
});

test('every request of a node renews its lease', async () => {
  const steps = [() => again('n1', 'u'), () => members('n1'),
    () => roster('count', 'n1', 0, APP, 'a', 1), () => join('n1', 'v'),
    () => part('n1', 'v'), () => roster('online', 'n1', APP, 1, 'u')];
  await begin('n1', 'n2');
  for (const step of steps) {
    await pass(LEASE_MS - 1);
    await step();
  }
  await pass(LEASE_MS - 1);
  await begin('n3');
  assert.deepEqual(await roster('users', APP, 'presence-x'), ['u']);
  await assert.rejects(roster('renew', 'n2'), /UNKNOWN/);
  assert.equal(await roster('renew', 'n1'), 1);
});

test('relay and script have the same lease', () => {
  assert.match(fs.readFileSync(HEADER, 'utf8'),
    new RegExp(`#define ROSTER_LEASE_MS ${LEASE_MS}\\b`));
});

test('a joined member is listed, with its info', async () => {
  await begin('n1', 'n2');
  assert.deepEqual(await join('n1', 'u1', { info: '{"a":1}' }), ['u1']);
  assert.deepEqual(await members('n1'), ['u1', '{"a":1}']);
  assert.deepEqual(await join('n2', 'u 2', { info: '' }), ['u 2']);
  const both = await members('n1');
  assert.deepEqual(new Map([[both[0], both[1]], [both[2], both[3]]]),
    new Map([['u1', '{"a":1}'], ['u 2', '']]));
  assert.equal(both.length, 4);
});

test('a user on several nodes causes hints for the first and the last node only', async () => {
  await begin('n1', 'n2');
  await join('n1', 'u');
  assert.deepEqual(await hints(), [`members ${APP}:presence-x`]);
  await join('n2', 'u');
  await join('n2', 'u'); // a repeat does not count twice
  await part('n1', 'u');
  await part('n1', 'u');
  assert.deepEqual(await hints(), []);
  await part('n2', 'u');
  assert.deepEqual(await hints(), [`members ${APP}:presence-x`]);
  assert.deepEqual(await roster('users', APP, 'presence-x'), []);
  await pass(LEAVING_MS);
  await begin('n1');
  assert.deepEqual(await webhooks(),
    [member('member_added', 'u'), member('member_removed', 'u')]);
});

test('a member that returns within 3 s was never gone', async () => {
  await begin('n1');
  await join('n1', 'u');
  await webhooks();
  await part('n1', 'u');
  await pass(LEAVING_MS - 1);
  await roster('renew', 'n1');
  await join('n1', 'u');
  await pass(LEAVING_MS);
  await roster('renew', 'n1');
  assert.deepEqual(await webhooks(), []);
  await part('n1', 'u');
  await pass(LEAVING_MS);
  await roster('renew', 'n1');
  await roster('renew', 'n1');
  assert.deepEqual(await webhooks(), [member('member_removed', 'u')]);
});

test('a full channel admits no new member', async () => {
  await begin('n1', 'n2');
  await join('n1', 'u1', { max: 2 });
  await join('n1', 'u2', { max: 2 });
  assert.deepEqual(await join('n2', 'u3', { max: 2 }), []);
  assert.deepEqual(await join('n2', 'u2', { max: 2 }), ['u2']);
  assert.equal((await members('n2')).length, 4);
  assert.deepEqual(await join('n2', 'u3', { max: 0 }), ['u3']);
  assert.equal((await members('n2')).length, 6);
});

test('odd names and infos are returned unchanged', async () => {
  const user = 'ü "x"\\ %d \n c 1 2';
  await begin('n1');
  assert.deepEqual(await join('n1', user, { info: '7 {"a":"%1"}\n' }), [user]);
  assert.deepEqual(await members('n1'), [user, '7 {"a":"%1"}\n']);
  await pass(LEASE_MS);
  await begin('n2');
  assert.deepEqual(await roster('users', APP, 'presence-x'), []);
  await pass(LEAVING_MS);
  await roster('renew', 'n2');
  assert.deepEqual(await webhooks(),
    [member('member_added', user), member('member_removed', user)]);
});

test('a channel is occupied from its first subscriber to its last', async () => {
  await begin('n1', 'n2');
  await roster('count', 'n1', 0, APP, 'a', 2, APP, 'b', 1);
  await roster('count', 'n2', 0, APP, 'a', 3);
  await roster('count', 'n1', 0, APP, 'a', 0);
  assert.deepEqual(await roster('channels', APP, 'a'), ['a', 0, 3]);
  assert.equal((await roster('channels', APP, '')).length, 6);
  assert.deepEqual(await roster('channels', '8', ''), []);
  await roster('count', 'n2', 0, APP, 'a', 0);
  assert.deepEqual(await roster('counts', APP, 'a', 'b'), [0, 0, 0, 1]);
  await pass(LEAVING_MS);
  await roster('renew', 'n1');
  const names = (await webhooks()).map(({ name, channel }) => [name, channel])
    .filter(([name]) => name !== 'subscription_count');
  assert.deepEqual(names, [['channel_occupied', 'a'], ['channel_occupied', 'b'],
    ['channel_vacated', 'a']]);
});

test('each change of a count is a webhook, if the app wants counts', async () => {
  await roster('begin', 'n1', APP, 'wc', '8', 'w', '9', '');
  await roster('count', 'n1', 0, APP, 'a', 1, '8', 'a', 1, '9', 'a', 1,
    APP, 'presence-x', 1);
  await roster('count', 'n1', 0, APP, 'a', 2);
  await roster('count', 'n1', 0, APP, 'a', 0);
  assert.deepEqual(await hints(), [`count ${APP}:a 1`, `count ${APP}:a 2`]);
  const counts = (await webhooks())
    .filter(({ name }) => name === 'subscription_count');
  assert.deepEqual(counts, [1, 2].map((n) => (
    { name: 'subscription_count', channel: 'a', subscription_count: n })));
  assert.deepEqual(await webhooks('8'),
    [{ name: 'channel_occupied', channel: 'a' }]);
  assert.deepEqual(await webhooks('9'), []);
});

test('the count of a crowd is sent every 5 s, and the last count is sent', async () => {
  const counted = (n) => roster('count', 'n1', 0, APP, 'a', n);
  await begin('n1');
  await counted(100);
  await counted(101);
  await counted(102);
  assert.deepEqual(await hints(), [`count ${APP}:a 100`]);
  for (const step of [4000, 1000]) {
    await pass(step);
    await roster('renew', 'n1');
  }
  assert.deepEqual(await hints(), [`count ${APP}:a 102`]);
  await counted(103);
  assert.deepEqual(await hints(), []);
  await counted(99); // no longer a crowd
  assert.deepEqual(await hints(), [`count ${APP}:a 99`]);
  await pass(4000);
  await roster('renew', 'n1');
  await pass(CROWD_MS);
  await begin('n1');
  assert.deepEqual(await hints(), []);
});

test('after a loss, a count is sent once all nodes have registered again', async () => {
  const register = (node, n) => roster('count', node, 1, APP, 'a', n);
  await begin('n1', 'n2');
  await roster('count', 'n1', 0, APP, 'a', 3);
  await register('n2', 4);
  assert.deepEqual(await hints(), [`count ${APP}:a 3`]);
  await pass(LEASE_MS - 1);
  await roster('renew', 'n1');
  await roster('renew', 'n2');
  assert.deepEqual(await hints(), []);
  await pass(1);
  await roster('renew', 'n1');
  assert.deepEqual(await hints(), [`count ${APP}:a 7`]);
  await roster('renew', 'n2');
  assert.deepEqual(await hints(), []);
});

test('no count is sent while a node has two names', async () => {
  await begin('n1');
  await roster('count', 'n1', 0, APP, 'a', 3);
  await begin('n2');
  await roster('count', 'n2', 1, APP, 'a', 3);
  await roster('replace', 'n2', 'n1');
  assert.deepEqual(await hints(), [`count ${APP}:a 3`, `count ${APP}:a 3`]);
});

test('each call sends a part of many due counts', async () => {
  const many = Array.from({ length: 2500 }, (_, i) => `presence-${i}`);
  await begin('n1');
  for (const channel of many) await join('n1', 'u', { channel });
  for (const channel of many) await part('n1', 'u', channel);
  await webhooks();
  await pass(LEAVING_MS);
  for (const more of [2, 2, 1]) assert.equal(await roster('renew', 'n1'), more);
  assert.equal((await webhooks()).length, many.length);
});

test('the entries of an expired node are undone once', async () => {
  await begin('n1', 'n2');
  await roster('count', 'n1', 0, APP, 'presence-x', 2, APP, 'a', 1);
  await roster('count', 'n2', 0, APP, 'presence-x', 1);
  await join('n1', 'u1');
  await join('n1', 'u2');
  await join('n2', 'u2');
  await roster('online', 'n1', APP, 1, 'u1');
  await hints();
  await webhooks();
  await pass(LEASE_MS - 1);
  await roster('renew', 'n2');
  assert.deepEqual(await hints(), []);
  await pass(1);
  await roster('renew', 'n2');
  assert.deepEqual((await hints()).sort(),
    [`members ${APP}:presence-x`, `offline ${APP}:u1`]);
  await assert.rejects(join('n1', 'u3'), /UNKNOWN/);
  await roster('renew', 'n2');
  assert.deepEqual(await hints(), []);
  assert.deepEqual(await roster('users', APP, 'presence-x'), ['u2']);
  assert.deepEqual(await roster('channels', APP, ''), ['presence-x', 1, 1]);
  await pass(LEAVING_MS);
  await roster('renew', 'n2');
  assert.deepEqual((await webhooks()).sort((a, b) => (a.name < b.name ? -1 : 1)),
    [{ name: 'channel_vacated', channel: 'a' }, member('member_removed', 'u1')]);
  assert.deepEqual(await redis.command('keys', 'p:roster:node:*'), ['p:roster:node:n2']);
});

test('a channel may have the name of a user, and is undone under that name', async () => {
  const channel = '#server-to-user-a b ';
  await begin('n1', 'n2');
  await roster('count', 'n1', 0, APP, channel, 1);
  await roster('online', 'n1', APP, 1, '- a b');
  assert.deepEqual(await hints(), [`count ${APP}:${channel} 1`, `online ${APP}:- a b`]);
  await webhooks();
  await pass(LEASE_MS - 1);
  await roster('renew', 'n2');
  await pass(1);
  await roster('renew', 'n2');
  assert.deepEqual(await hints(), [`offline ${APP}:- a b`]);
  assert.deepEqual(await roster('channels', APP, ''), []);
  await pass(LEAVING_MS);
  await roster('renew', 'n2');
  assert.deepEqual(await webhooks(), [{ name: 'channel_vacated', channel }]);
});

test('reads are true when no node lives', async () => {
  await begin('n1');
  await roster('count', 'n1', 0, APP, 'presence-x', 1);
  await join('n1', 'u');
  await pass(LEASE_MS);
  assert.deepEqual(await roster('users', APP, 'presence-x'), []);
  assert.deepEqual(await roster('channels', APP, ''), []);
});

test('a node with much is undone in steps', async () => {
  await begin('n1');
  const many = Array.from({ length: 15_000 }, (_, i) => `c${i}`);
  for (let at = 0; at < many.length; at += 500) {
    await roster('count', 'n1', 0, ...many.slice(at, at + 500)
      .flatMap((channel) => [APP, channel, 1]));
  }
  await pass(LEASE_MS);
  const left = () => redis.command('scard', `p:roster:occupied:${APP}`);
  await begin('n2');
  let before = await left();
  assert.ok(before > 10_000 && before < many.length, `${before} are left`);
  while (await roster('renew', 'n2') === 2) {
    const now = await left();
    assert.ok(now < before, `${now} are left of ${before}`);
    before = now;
  }
  assert.equal(await left(), 0);
  assert.equal(await redis.command('exists', 'p:roster:node:n1'), 0);
});

test('a node that replaces another causes no hint for kept members', async () => {
  await begin('n1');
  await roster('count', 'n1', 0, APP, 'presence-x', 1);
  await join('n1', 'u1');
  await join('n1', 'u2');
  await hints();
  await webhooks();
  await begin('n2');
  await roster('count', 'n2', 1, APP, 'presence-x', 1);
  await again('n2', 'u1');
  await roster('replace', 'n2', 'n1');
  assert.deepEqual(await hints(), [`members ${APP}:presence-x`]); // u2 is gone
  await assert.rejects(roster('renew', 'n1'), /UNKNOWN/);
  assert.deepEqual(await roster('users', APP, 'presence-x'), ['u1']);
  await pass(LEAVING_MS);
  await roster('renew', 'n2');
  assert.deepEqual(await webhooks(), [member('member_removed', 'u2')]);
});

test('registering again after Redis lost everything causes no webhook', async () => {
  await redis.command('del', 'p:roster:born');
  await begin('n1');
  await roster('count', 'n1', 1, APP, 'presence-x', 1);
  await again('n1', 'u0', 'u1');
  await join('n1', 'u2');
  assert.deepEqual(await webhooks(), [member('member_added', 'u2')]);
  await roster('renew', 'n1');
  await pass(LEASE_MS - 1);
  await roster('renew', 'n1');
  await pass(1);
  await again('n1', 'u3');
  assert.deepEqual(await webhooks(), [member('member_added', 'u3')]);
});

test('a user is online while any node reports it', async () => {
  await begin('n1', 'n2');
  await roster('online', 'n1', APP, 1, 'a b');
  await roster('online', 'n1', APP, 1, 'a b');
  await roster('online', 'n2', APP, 1, 'a b');
  assert.deepEqual(await hints(), [`online ${APP}:a b`]);
  assert.deepEqual(await roster('watch', APP, 'x', 'a b', 'y'), ['a b']);
  await roster('online', 'n1', APP, 0, 'a b');
  assert.deepEqual(await hints(), []);
  await roster('online', 'n2', APP, 0, 'a b');
  assert.deepEqual(await hints(), [`offline ${APP}:a b`]);
  assert.deepEqual(await roster('watch', APP, 'a b'), []);
});

test('a query of a channel returns its cached event', async () => {
  assert.deepEqual(await roster('channel', APP, 'cache-a'), [0, 0]);
  await redis.command('set', `p:cache:${APP}:cache-a`,
    '{"event":"e","channel":"cache-a","data":"{\\"a\\":1}"}', 'px', 1_800_000);
  assert.deepEqual(await roster('channel', APP, 'cache-a'),
    [0, 0, 1800, '{"a":1}']);
});

test('terminated users are listed for relays that missed the hint', async () => {
  await roster('terminate', APP, 'u 1');
  await pass(1000);
  await roster('terminate', APP, 'u2');
  assert.deepEqual(await roster('terminated'), [`${APP}:u 1`, '1000', `${APP}:u2`, '0']);
  await pass(TERMINATED_MS - 1000);
  assert.deepEqual(await roster('terminated'),
    [`${APP}:u 1`, `${TERMINATED_MS}`, `${APP}:u2`, `${TERMINATED_MS - 1000}`]);
  await pass(1);
  assert.deepEqual(await roster('terminated'), [`${APP}:u2`, `${TERMINATED_MS - 999}`]);
  await roster('terminate', APP, 'u2');
  assert.deepEqual(await roster('terminated'), [`${APP}:u2`, '0']);
  assert.ok(await redis.command('pttl', 'p:roster:terminated') > 0);
});

test('terminating causes a hint, and other webhooks are passed on', async () => {
  await begin('n1');
  await roster('terminate', APP, 'u 1');
  assert.deepEqual(await hints(), [`terminate ${APP}:u 1`]);
  await roster('webhook', APP, '{"name":"cache_miss","channel":"cache-a"}');
  assert.deepEqual(await webhooks(), [{ name: 'cache_miss', channel: 'cache-a' }]);
});
