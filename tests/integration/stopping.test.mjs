// SPDX-License-Identifier: MIT
//
// A stop is clean, and a death is repaired: nobody misses a message, no
// acknowledged post is lost, nothing leaks.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { rows } from './log.mjs';
import { openRaw } from './raw.mjs';
import { BUILD, startRelay } from './relay.mjs';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
// pusher-js waits 15 s or more after a refused connection
const PUSHER_BACK_MS = 40_000;
const WITHOUT_PENALTY_MS = 10_000;

// a post may wait for a locked channel until the test has observed it
const PATIENCE_MS = '20000';

const stack = await startStack({ env: {
  PUSHLOG_LOCK_TIMEOUT_MS: PATIENCE_MS, PUSHLOG_POST_TIMEOUT_MS: PATIENCE_MS } });
after(() => stack.stop());

let channels = 0;

/** A test with a channel of its own. */
function stopTest(name, fn) {
  test(name, stack.logged((t) => fn(`room-${channels += 1}`, t)));
}

/** Clients, connected one after the other, so that each worker gets some. */
async function follow(t, count, channel, Client = WireFollower) {
  const clients = [];
  t.after(() => clients.forEach((client) => client.close()));
  for (let i = 0; i < count; i += 1) {
    clients.push(new Client(stack, [channel]));
    await clients[i].connected();
  }
  return clients;
}

/** Posts until stopped; each post is repeated until answered. */
function keepPosting(channel, posters = 4) {
  let isOver = false;
  const answered = [];
  const poster = async (number) => {
    for (let i = 0; !isOver; i += 1) {
      const text = `${number} ${i}`;
      answered.push(await until(`post ${text} is answered`,
        () => stack.post('Ada', text, { channel, key: `${channel} ${text}` })));
    }
  };
  const all = Array.from({ length: posters }, (_, number) => poster(number));
  return { answered,
    async stop() {
      isOver = true;
      await Promise.all(all);
      return answered.sort((a, b) => a.id - b.id);
    } };
}

/** Every client holds the acknowledged messages, which are the log's. */
async function assertNothingMissed(clients, channel, answered, deadlineMs) {
  const log = await rows(stack, channel);
  assert.deepEqual(answered, log);
  assert.deepEqual(log.map(({ id }) => id), log.map((_, i) => i + 1));
  for (const client of clients) {
    await client.holds(log.length, channel, deadlineMs);
    assert.deepEqual(client.messages(), log);
    assert.deepEqual(client.wrong, []);
  }
}

/** Ends a server by SIGTERM; resolves to its exit status. */
async function endOf(name) {
  const pid = stack.kill(name, 'SIGTERM');
  const pattern = new RegExp(`${name} \\(pid ${pid}\\) (.*); it is started`);
  return until(`${name} ends`, () => stack.log('run')
    .map((line) => line.match(pattern)?.[1]).find(Boolean));
}

// --- relay ---

stopTest('SIGTERM of relay closes with 4200 and exits with 0',
  async (channel, t) => {
    const own = await startRelay(stack, { PUSHLOG_WORKERS: '2' });
    const wires = await Promise.all(
      Array.from({ length: 20 }, () => Wire.open(own.socket)));
    for (const wire of wires) await wire.subscribe(channel);
    const deaf = await openRaw(own.socket); // never answers the Close frame
    t.after(() => deaf.socket.destroy());
    deaf.socket.pause();
    await own.stop();
    for (const wire of wires) {
      assert.deepEqual(await wire.closed(),
        { code: 4200, reason: 'Server restarting' });
    }
    assert.ok(!fs.existsSync(own.socket));
  });

// The messages that pusher-js holds in the end are compared in the last test.
const inItsOwnTime = { clients: [], check: undefined };
after(() => inItsOwnTime.clients.forEach((client) => client.close()));

stopTest('clients reconnect after a restart of relay and miss nothing',
  async (channel, t) => {
    const clients = await follow(t, 10, channel);
    const pushers = Array.from({ length: 2 },
      () => new PusherFollower(stack, [channel]));
    inItsOwnTime.clients = pushers;
    await Promise.all(pushers.map((client) => client.connected()));
    const posting = keepPosting(channel);
    await until('posts continue', () => posting.answered.length > 20);

    assert.equal(await endOf('relay'), 'ended with status 0');
    await stack.restarted('relay');
    await Promise.all(clients.map((client) => client.connected(2)));
    for (const { ends } of clients) {
      assert.deepEqual(ends[0], { code: 4200, reason: 'Server restarting' });
    }
    const { length } = posting.answered;
    await until('posts continue', () => posting.answered.length > length + 20);
    const answered = await posting.stop();
    await assertNothingMissed(clients, channel, answered);
    inItsOwnTime.check = async () => {
      await Promise.all(pushers.map((client) =>
        client.connected(2, PUSHER_BACK_MS)));
      await assertNothingMissed(pushers, channel, answered);
    };
  });

stopTest("a killed worker is replaced, and the other workers' clients stay",
  async (channel, t) => {
    const clients = await follow(t, 20, channel);
    const pushers = await follow(t, 4, channel, PusherFollower);
    const all = [...clients, ...pushers];
    const posting = keepPosting(channel);
    await until('posts continue', () => posting.answered.length > 20);
    const before = stack.workers();
    process.kill(before[0], 'SIGKILL');
    const now = await until('there are as many workers again', () => {
      const workers = stack.workers();
      return !workers.includes(before[0]) &&
        workers.length === before.length && workers;
    });
    assert.deepEqual(now.filter((pid) => before.includes(pid)),
      before.slice(1));

    const { length } = posting.answered;
    await until('posts continue', () => posting.answered.length > length + 20);
    const answered = await posting.stop();
    await assertNothingMissed(all, channel, answered);
    // each worker had some clients, and those of the other never noticed
    const hit = clients.filter(({ ends }) => ends.length > 0);
    assert.ok(hit.length > 0 && hit.length < clients.length,
      `${hit.length} of ${clients.length} lost their connection`);
    for (const { ends } of hit) assert.equal(ends.length, 1);
  });

stopTest('all workers killed at once: their clients reconnect by themselves',
  async (channel, t) => {
    const all = [...await follow(t, 10, channel),
      ...await follow(t, 3, channel, PusherFollower)];
    const posting = keepPosting(channel);
    await until('posts continue', () => posting.answered.length > 20);
    for (const pid of stack.workers()) process.kill(pid, 'SIGKILL');
    await Promise.all(all.map((client) =>
      client.connected(2, PUSHER_BACK_MS)));
    await assertNothingMissed(all, channel, await posting.stop());
  });

// Without a listener, 4200 would make clients reconnect too soon: to a refused
// connection, after which pusher-js waits 15 s.
stopTest('the master killed: its clients reconnect without that penalty',
  async (channel, t) => {
    const all = [...await follow(t, 10, channel),
      ...await follow(t, 3, channel, PusherFollower)];
    const posting = keepPosting(channel);
    await until('posts continue', () => posting.answered.length > 20);
    stack.kill('relay');
    await Promise.all(all.map((client) =>
      client.connected(2, WITHOUT_PENALTY_MS)));
    await assertNothingMissed(all, channel, await posting.stop());
  });

// --- messages-fcgi ---

stopTest('SIGTERM of messages-fcgi answers the requests under way',
  async (channel) => {
    await stack.post('Ada', 'first', { channel });
    // the test locks the channel, so the post is under way
    const lock = await lockRow(stack, channel);
    const post = stack.post('Ada', 'under way', { channel });
    await until('the post waits', async () => Number(await stack.psql(
      `select count(*) from pg_stat_activity
        where wait_event_type = 'Lock' and usename = 'messages-fcgi'`)) === 1);
    const ended = endOf('messages-fcgi');
    lock.close();
    assert.equal((await post).id, 2);
    assert.equal(await ended, 'ended with status 0');
    await stack.restarted('messages-fcgi');
    await until('posts are accepted', () =>
      stack.post('Ada', 'afterwards', { channel }));
    assert.deepEqual((await rows(stack, channel)).map(({ text }) => text),
      ['first', 'under way', 'afterwards']);
  });

for (const signal of ['SIGTERM', 'SIGKILL']) {
  stopTest(`${signal} of messages-fcgi under load loses no acknowledged post`,
    async (channel, t) => {
      const clients = await follow(t, 3, channel);
      const posting = keepPosting(channel, 12);
      await until('posts continue', () => posting.answered.length > 50);
      await stack.restarted('messages-fcgi',
        stack.kill('messages-fcgi', signal));
      const { length } = posting.answered;
      await until('posts continue', () => posting.answered.length > length + 50);
      await assertNothingMissed(clients, channel, await posting.stop());
      for (const { ends } of clients) assert.deepEqual(ends, []);
    });
}

// --- leaks ---

/** Builds both programs with the sanitizers, as `make check` does. */
async function buildSanitized() {
  const env = { ...process.env };
  // of an outer make, whose job server is not usable here
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL']) delete env[name];
  await promisify(execFile)('make', ['-s', '--no-print-directory',
    `-j${os.cpus().length}`, 'with-asan', 'ASAN_GOALS=all'],
  { cwd: TOP, env, maxBuffer: 1 << 24 });
  return path.join(BUILD, 'asan');
}

test('with the sanitizers: a short load, a stop, and no report',
  async (t) => {
    const sanitized = await startStack(
      { env: { PROGRAMS: await buildSanitized() } });
    t.after(() => sanitized.stop()); // which looks for reports
    await sanitized.logged(async () => {
      const channels = ['messages', 'room-1'];
      const clients = [
        ...Array.from({ length: 8 }, () =>
          new WireFollower(sanitized, channels)),
        new PusherFollower(sanitized, channels),
      ];
      t.after(() => clients.forEach((client) => client.close()));
      await Promise.all(clients.map((client) => client.connected()));

      await Promise.all(Array.from({ length: 10 }, async (_, number) => {
        for (let i = 0; i < 20; i += 1) {
          const channel = channels[i % 2];
          await sanitized.post('Ada', `<${number} ${i}>`, { channel,
            key: i % 5 ? undefined : `${number} ${i}` });
          await sanitized.get({ channel, limit: 10, after_id: i });
        }
      }));
      // refusals run through other code
      for (const [query, options] of [
        ['?after_id=x'], ['?after_id=99999'], ['?channel=lobby'],
        ['', { method: 'PUT' }], ['', { method: 'POST', body: 'x' }],
        ['', { method: 'POST', body: new URLSearchParams({ name: 'Ada' }) }],
        ['', { method: 'POST', body: '{"name":',
          headers: { 'Content-Type': 'application/json' } }],
      ]) await sanitized.request(`/messages${query}`, options);
      const form = new FormData();
      form.set('name', 'Ada');
      form.set('text', 'in parts');
      await sanitized.request('/messages', { method: 'POST', body: form });
      for (const client of clients.slice(0, 3)) client.sever();
      await sanitized.restarted('redis', sanitized.kill('redis'));
      await sanitized.post('Ada', 'without Redis');
      await sanitized.restarted('postgres',
        sanitized.kill('postgres', 'SIGINT'));
      await until('posts are accepted', () =>
        sanitized.post('Ada', 'PostgreSQL is back'));

      for (const channel of channels) {
        const { results } = await sanitized.get({ channel });
        for (const client of clients) {
          await client.holds(results.length, channel);
          assert.deepEqual(client.messages(channel), results);
          assert.deepEqual(client.wrong, []);
        }
      }
      // a leak would change the exit status
      for (const name of ['messages-fcgi', 'relay']) {
        const pid = sanitized.kill(name, 'SIGTERM');
        await until(`${name} ends with status 0`, () =>
          sanitized.log('run').some((line) =>
            line.includes(`${name} (pid ${pid}) ended with status 0`)));
      }
    })();
  });

test('pusher-js also reconnected after the restart, in its own time',
  stack.logged(async () => {
    assert.ok(inItsOwnTime.check, 'the restart did not go well');
    await inItsOwnTime.check();
  }));
