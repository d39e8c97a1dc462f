// SPDX-License-Identifier: MIT
//
// The faults. inject(world, rng, ms) returns when the fault is over: everything
// it broke runs again. `of` names its target; two faults of one target never
// overlap. A fault with needsPosts happens while posts are under way.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { until } from '../stack.mjs';

import { LeanClient } from './client.mjs';
import { answers, committerBackend, lockRow, relayBackend, signal } from './postgres.mjs';
import { Reader } from './reader.mjs';

const run = promisify(execFile);
const STORM = 500;
const READS = 8; // long answers at a time
const READ_ROWS = 4000;
const JOINS = 40;
const RESTART_MS = 30_000;
const SLOW_MS = 60_000; // for posts enough to fill its queue
const READ_MS = 20; // until it is written
const READS_MS = 30_000;

const both = (name, rng) => rng.pick([name, `${name}-2`]);

async function killed(stack, name, sig = 'SIGKILL') {
  const pid = stack.kill(name, sig);
  await until(`${name} is started again`, () => {
    const now = stack.pid(name);
    return now !== pid && now;
  }, RESTART_MS);
}

async function stopped(pid, ms) {
  signal(pid, 'SIGSTOP');
  try {
    await pause(ms);
  } finally {
    signal(pid, 'SIGCONT');
  }
}

async function away(world, name, ms, sig) {
  await world.stack.hold(name, sig);
  try {
    await pause(ms);
  } finally {
    if (!world.isClosed) await world.stack.release(name);
  }
}

// PostgreSQL stops while long answers are being written, which must not look
// complete, and starts again to complete them.
async function amidReads(world, inject) {
  const readers = Array.from({ length: READS }, (_, i) => new Reader(world,
    `read ${i}`, world.ledger.channel(world.names[0]), { back: READ_ROWS }));
  for (const reader of readers) {
    reader.subscribed(reader.channel.maxAnswered, world.epoch);
  }
  try {
    await pause(READ_MS);
    await inject();
    await until('long answers are complete', () => world.isClosed ||
      readers.every(({ isDone }) => isDone), READS_MS);
  } finally {
    for (const reader of readers) reader.left();
  }
}

// The process dies at this point, in the middle of its work.
async function crash(world, point) {
  const { stack } = world;
  const file = world.pointFile(point);
  const names = ['messages-fcgi', 'messages-fcgi-2'];
  const before = names.map((name) => stack.pid(name));
  fs.writeFileSync(file, '');
  try {
    await until(`a process dies at ${point}`, () =>
      names.find((name, i) => stack.pid(name) !== before[i]), RESTART_MS);
  } finally {
    fs.rmSync(file, { force: true });
  }
}

async function relayAnswers({ stack }) {
  await until('a relay answers', () => stack.isUp('/app/'), RESTART_MS);
}

async function diskFull(world, ms) {
  const { stack } = world;
  const folder = path.join(stack.stateDir, 'data');
  const hold = path.join(stack.stateDir, 'hold/postgres');
  const ballast = path.join(folder, 'ballast');
  // without free space it may fail to start, and be given up
  fs.writeFileSync(hold, '');
  try {
    // the server writes meanwhile: take nearly everything at once, then the
    // rest in small blocks
    await until('the disk is nearly full', async () => {
      const { bavail, bsize } = fs.statfsSync(folder);
      const length = Math.max(1, Math.floor(bavail * 0.99)) * bsize;
      await run('fallocate', ['-l', String(length), ballast]);
      return true;
    });
    await run('dd', ['if=/dev/zero', `of=${ballast}2`, 'bs=4096'])
      .catch(() => {});
    await pause(ms);
  } finally {
    fs.rmSync(ballast, { force: true });
    fs.rmSync(`${ballast}2`, { force: true });
    fs.rmSync(hold, { force: true });
  }
  await answers(stack);
}

async function storm(world, rng, ms) {
  const clients = Array.from({ length: STORM }, (_, i) => new LeanClient(world,
    `storm ${i}`, [rng.pick(world.quiet)], { back: rng.between(0, 50) }));
  const stands = (what) => until(what, () => clients.every((client) =>
    [...client.readers.values()][0].isDone), 30_000);
  try {
    await stands(`${STORM} clients have come`);
    for (const client of clients) client.reload();
    for (const client of world.clients) client.reload?.();
    await stands(`${STORM} clients are back`);
    await pause(ms);
  } finally {
    for (const client of clients) client.close();
  }
}

async function halfOpen({ network, elsewhere }, ms) {
  network.lose();
  await pause(ms);
  await network.find();
  for (const client of elsewhere) client.online();
}

// It reads nothing until it is closed for that. It then finds events without a
// hole, which its readers check, and the Close frame at the end.
async function lazy(world, rng) {
  const { relay, client } = rng.pick(world.lazy);
  // a client at a relay's own socket has no address, and only this one is slow
  const closes = () => world.stack.log(relay)
    .filter((line) => line.includes(' - closed cause=slow ')).length;
  await until('a client that reads so far', () => world.isClosed ||
    [...client.readers.values()].every(({ isDone }) => isDone), RESTART_MS);
  const [before, ends] = [closes(), client.ends.length];
  client.stopReading();
  try {
    await until('a client that does not read is closed', () =>
      world.isClosed || closes() > before, SLOW_MS);
  } finally {
    client.goOnReading();
  }
  await until('it learns that it was', () => world.isClosed ||
    client.ends.length > ends, 10_000);
  const code = client.ends[ends];
  world.report.check('I11', world.isClosed || code === 4100, () =>
    `${client.who} did not read and was closed with ${code}`);
}

export const FAULTS = {
  'kill -9 of messages-fcgi': { of: 'messages',
    inject: ({ stack }, rng) => killed(stack, both('messages-fcgi', rng)) },
  'kill -9 between COMMIT and PUBLISH': { of: 'messages', needsPosts: true,
    inject: (world) => crash(world, 'after-commit') },
  'kill -9 between PUBLISH and answer': { of: 'messages', needsPosts: true,
    inject: (world) => crash(world, 'after-publish') },
  'messages-fcgi reload': { of: 'messages', inject: async ({ stack }, rng) => {
    const name = both('messages-fcgi', rng);
    const starts = () => stack.log(name)
      .filter((line) => line.includes(' is ready: ')).length;
    const before = starts();
    stack.kill(name, 'SIGHUP');
    await until('it is reloaded', () => starts() > before, RESTART_MS);
  } },
  'one messages-fcgi is unavailable': { of: 'messages',
    inject: (world, rng, ms) => away(world, both('messages-fcgi', rng), ms) },
  'kill -9 of a relay worker': { of: 'relay',
    inject: async (world, rng) => {
      const { stack } = world;
      const name = both('relay', rng);
      const pid = rng.pick(stack.workers(name));
      signal(pid, 'SIGKILL');
      await until('the worker is started again', () => {
        const now = stack.workers(name);
        return !now.includes(pid) && now.length === world.workers;
      }, RESTART_MS);
    } },
  'relay reload': { of: 'relay', inject: async ({ stack, workers }, rng) => {
    const name = both('relay', rng);
    const before = stack.workers(name);
    stack.kill(name, 'SIGHUP');
    await until('its workers are others', () => {
      const now = stack.workers(name);
      return now.length === workers &&
        !now.some((pid) => before.includes(pid));
    }, RESTART_MS);
  } },
  'SIGSTOP of a relay worker': { of: 'relay',
    inject: ({ stack }, rng, ms) =>
      stopped(rng.pick(stack.workers(both('relay', rng))), ms) },
  'kill -9 of a relay master': { of: 'relay',
    inject: async (world, rng) => {
      await killed(world.stack, both('relay', rng));
      await relayAnswers(world);
    } },
  'SIGSTOP of a relay master': { of: 'relay',
    inject: ({ stack }, rng, ms) => stopped(stack.pid(both('relay', rng)), ms) },
  'one relay is unavailable': { of: 'relay',
    inject: (world, rng, ms) => away(world, both('relay', rng), ms) },
  'kill -9 of Redis': { of: 'redis', inject: ({ stack }) =>
    killed(stack, 'redis') },
  'SIGSTOP of Redis': { of: 'redis', inject: ({ stack }, rng, ms) =>
    stopped(stack.pid('redis'), ms) },
  'Redis is unavailable and comes back empty': { of: 'redis',
    inject: (world, rng, ms) => away(world, 'redis', ms) },
  'CLIENT KILL TYPE pubsub': { of: 'redis', inject: async ({ stack }) => {
    await stack.redis(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  } },
  'kill -9 of a PostgreSQL backend that holds a row lock': { of: 'postgres',
    inject: async (world, rng, ms) => {
      const session = await lockRow(world.stack, rng.pick(world.names));
      await pause(ms / 2);
      signal(session.pid, 'SIGKILL');
      session.close();
      await answers(world.stack);
    } },
  'SIGSTOP of a PostgreSQL backend that holds a row lock': { of: 'postgres',
    inject: async (world, rng, ms) => {
      const session = await lockRow(world.stack, rng.pick(world.names));
      await stopped(session.pid, ms);
      session.close();
    } },
  "kill -9 of a committer's backend": { of: 'postgres', needsPosts: true,
    inject: async ({ stack }) => {
      signal(await committerBackend(stack), 'SIGKILL');
      await pause(100);
      await answers(stack);
    } },
  "SIGSTOP of a committer's backend": { of: 'postgres', needsPosts: true,
    inject: async ({ stack }, rng, ms) =>
      stopped(await committerBackend(stack), ms) },
  // a hole that grows before it can be read, while clients join
  "SIGSTOP of a relay's backend, and hints are lost": { of: 'postgres',
    needsPosts: true, inject: async (world, rng, ms) => {
      const { stack } = world;
      const over = stopped(await relayBackend(stack, rng), ms);
      await stack.redis(['CLIENT', 'KILL', 'TYPE', 'pubsub'])
        .catch(() => {}); // lost as well if it is unavailable
      await pause(ms / 2);
      for (const client of rng.shuffle(world.clients).slice(0, JOINS)) {
        client.reload?.();
      }
      await over;
    } },
  'PostgreSQL is stopped at once and started': { of: 'postgres',
    inject: (world) => amidReads(world, async () => {
      await killed(world.stack, 'postgres', 'SIGQUIT');
      await answers(world.stack);
    }) },
  'PostgreSQL is unavailable': { of: 'postgres', inject: (world, rng, ms) =>
    amidReads(world, () => away(world, 'postgres', ms, 'SIGQUIT')) },
  'disk full for PostgreSQL': { of: 'postgres', needs: 'disk',
    inject: (world, rng, ms) => diskFull(world, ms) },
  'a lost network leaves clients half-open': { of: 'network', needs: 'network',
    inject: (world, rng, ms) => halfOpen(world, ms) },
  // of: a relay that dies would end it without a Close frame
  'a client stops reading': { of: 'relay', needsPosts: true, inject: lazy },
  'nginx reload': { of: 'nginx', inject: async ({ stack }) => {
    stack.kill('nginx', 'SIGHUP');
    await pause(300);
    await until('nginx answers', () => stack.isUp('/'), RESTART_MS);
  } },
  '500 clients reconnect at once': { of: 'storm', inject: storm },
};
