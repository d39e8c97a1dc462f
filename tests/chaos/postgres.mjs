// SPDX-License-Identifier: MIT
//
// Backends that faults act on: one that locks a channel's row, and the
// committers'.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import readline from 'node:readline';

import { until } from '../stack.mjs';

/** A session that holds the lock of a channel's row. */
export async function lockRow(stack, channel) {
  const psql = spawn('psql', ['-XAtq', '-h', stack.sockets, '-U', 'postgres',
    '-d', 'pushlog'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const session = { pid: undefined, isLocked: false };
  psql.stdin.on('error', () => {});
  readline.createInterface({ input: psql.stdout }).on('line', (line) => {
    if (session.pid === undefined) session.pid = Number(line);
    else session.isLocked = true;
  });
  psql.stdin.write(`select pg_backend_pid(); begin;
    select id from pushlog.channel where name = '${channel}' for update;\n`);
  session.close = () => { psql.stdin.end(); psql.kill(); };
  try {
    await until(`the row of ${channel} is locked`, () => session.isLocked, 10_000);
  } catch (error) {
    session.close();
    throw error;
  }
  return session;
}

/** The pid of a backend that a committer uses. */
export async function committerBackend(stack) {
  return until('a committer has a backend', async () => Number(
    (await stack.psql(`select pid from pg_stat_activity
      where application_name = 'messages-fcgi' and query like '%pushlog.append%'
      order by state = 'active' desc limit 1`))), 10_000);
}

/** The pid of a backend through which a relay's worker reads the log. */
export async function relayBackend(stack, rng) {
  return until('a relay has a backend', async () => Number(rng.pick(
    (await stack.psql(`select pid from pg_stat_activity
      where application_name = 'relay' order by pid`)).split('\n'))), 10_000);
}

/** Waits until the server answers, and accepts writes. */
export async function answers(stack) {
  await until('PostgreSQL answers', () =>
    stack.psql('select not pg_is_in_recovery()'), 60_000);
}

/** Signals a process that may have ended. */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

export function exists(file) {
  return fs.existsSync(file);
}
