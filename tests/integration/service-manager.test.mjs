// SPDX-License-Identifier: MIT
//
// The notifications of both programs to a service manager: ready, reloading,
// stopping, and a watchdog that detects a program that hangs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { BUILD, environment, startRelay } from './relay.mjs';

const HEAR_NOTIFY = fileURLToPath(new URL('hear_notify.pl', import.meta.url));
const HANG_MS = 30_000;
const WATCHDOG_MS = 200;

const stack = await startStack();
after(() => stack.stop());
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-notify-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A manager that listens; env is the environment for the program. */
async function manager(t, name) {
  const socket = path.join(folder, name);
  const child = spawn(HEAR_NOTIFY, [socket],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const heard = [];
  readline.createInterface({ input: child.stdout })
    .on('line', (line) => heard.push(line));
  await until('the manager hears', () => heard.length > 0);
  return { heard,
    env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) },
    /** All but the watchdog, which arrives at any time, and the status. */
    states: () => heard.slice(1).filter((line) =>
      line !== 'WATCHDOG=1' && !line.startsWith('STATUS=')),
    pets: () => heard.filter((line) => line === 'WATCHDOG=1').length };
}

/** Asserts that the watchdog is still notified, and in time. */
async function assertAlive({ pets }) {
  const before = pets();
  const since = Date.now();
  await until('the watchdog is notified', () => pets() >= before + 10);
  assert.ok(Date.now() - since < 20 * WATCHDOG_MS);
}

const RELOADING = /^RELOADING=1 MONOTONIC_USEC=\d+$/;

function managed(name, fn) {
  test(name, stack.logged(fn));
}

managed('relay tells how it is', async (t) => {
  const told = await manager(t, 'relay');
  const limit = path.join(folder, 'limit');
  fs.writeFileSync(limit, '100');
  const own = await startRelay(stack,
    { ...told.env, PUSHLOG_SUBSCRIPTIONS_MAX_FILE: limit });
  await until('it is ready', () => told.states().length === 1);
  assert.deepEqual(told.states(), ['READY=1']);
  assert.ok(told.heard.includes('STATUS=1 workers serve'));
  await assertAlive(told);

  own.kill('SIGHUP');
  await until('it is reloaded', () => told.states().length === 3);
  assert.match(told.states()[1], RELOADING);
  assert.equal(told.states()[2], 'READY=1');
  await assertAlive(told);

  fs.writeFileSync(limit, 'none');
  own.kill('SIGHUP');
  await until('it continues', () => told.states().length === 5);
  assert.match(told.states()[3], RELOADING);
  assert.equal(told.states()[4], 'READY=1');

  await own.stop();
  assert.deepEqual(told.states().slice(5), ['STOPPING=1']);
});

managed('relay is ready without Redis and PostgreSQL', async (t) => {
  const told = await manager(t, 'relay-alone');
  await startRelay(stack, { ...told.env,
    PUSHLOG_REDIS: `unix:${folder}/none`, PUSHLOG_DATABASE: `host=${folder}` });
  await until('it is ready', () => told.states().length === 1);
  assert.deepEqual(told.states(), ['READY=1']);
  await assertAlive(told);
});

/** messages-fcgi without a PostgreSQL, once it is ready. */
async function startMessages(t, told, socket) {
  const child = spawn('spawn-fcgi', ['-n', '-s', socket, '--',
    `${BUILD}messages-fcgi`], { stdio: 'ignore',
    env: { ...environment(stack, 'messages-fcgi'), ...told.env,
      PUSHLOG_DATABASE: `host=${folder}` } });
  child.ended = new Promise((resolve) => { child.on('exit', resolve); });
  t.after(() => child.kill('SIGKILL'));
  await until('it is ready', () => told.states().length === 1);
  assert.deepEqual(told.states(), ['READY=1']);
  return child;
}

managed('messages-fcgi tells how it is, without PostgreSQL, too',
  async (t) => {
    const told = await manager(t, 'messages');
    const child = await startMessages(t, told,
      path.join(folder, 'messages.sock'));
    await assertAlive(told);

    child.kill('SIGHUP');
    await until('it is reloaded', () => told.states().length === 3);
    assert.match(told.states()[1], RELOADING);
    assert.equal(told.states()[2], 'READY=1');
    await assertAlive(told);

    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    await until('it stops', () => told.states().length === 4);
    assert.equal(told.states()[3], 'STOPPING=1');
  });

managed('messages-fcgi tells that stopping takes its time', async (t) => {
  const told = await manager(t, 'stopping');
  const socket = path.join(folder, 'stopping.sock');
  const child = await startMessages(t, told, socket);
  const peer = net.connect(socket);
  t.after(() => peer.destroy());
  // a request begins, and never ends; the program has taken it once another one
  // beside it is refused
  for (const id of [1, 2])
    peer.write(Buffer.from([1, 1, 0, id, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]));
  const [refusal] = await once(peer, 'data');
  assert.deepEqual([refusal[1], refusal[3], refusal[12]],
    [3 /* FCGI_END_REQUEST */, 2, 1 /* FCGI_CANT_MPX_CONN */]);

  child.kill('SIGTERM');
  await until('it is stopping', () => told.states().length === 2);
  const before = told.pets();
  await until('the watchdog is notified', () => told.pets() >= before + 3);
  peer.destroy();
  assert.equal(await child.ended, 0);
});

managed('a worker that stands still is killed and replaced', async (t) => {
  const told = await manager(t, 'hang');
  const own = await startRelay(stack, { ...told.env, PUSHLOG_WORKERS: '2' });
  await until('it is ready', () => told.states().length === 1);
  const [stuck, other] = own.workers();
  process.kill(stuck, 'SIGSTOP');
  await assertAlive(told); // it is being dealt with
  await until('the worker is replaced', () => {
    const now = own.workers();
    return now.length === 2 && !now.includes(stuck);
  }, 2 * HANG_MS);
  assert.ok(own.workers().includes(other));
  const killed = new RegExp(`worker ${stuck} has been stuck for 30 s: killing it`);
  await until('it is logged', () => killed.test(own.said));
  await assertAlive(told);
  await (await Wire.open(own.socket)).subscribe('messages');
});

managed('an old worker that does not retire is killed', async () => {
  const own = await startRelay(stack,
    { PUSHLOG_RELOAD_DRAIN_MS: '0', PUSHLOG_DRAIN_MS: '0' });
  const [old] = own.workers();
  process.kill(old, 'SIGSTOP');
  own.kill('SIGHUP');
  await until('it arrives', () =>
    /1 workers do not retire: killing them/.test(own.said));
  await until('it is gone', () => {
    const now = own.workers();
    return now.length === 1 && now[0] !== old;
  });
});
