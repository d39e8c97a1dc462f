// SPDX-License-Identifier: MIT
//
// A complete Pushlog for one test file: deploy/dev/run on a free port, with its
// state in a new folder. Tests reach the stack only through this file, which
// knows nothing of their subjects.
//
//     const stack = await startStack();
//     after(() => stack.stop());
//     test('a promise', stack.logged(async () => { … }));

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { copyDatabase } from './database.mjs';

const NAMES = ['postgres', 'redis', 'messages-fcgi', 'relay', 'nginx'];

const TOP = fileURLToPath(new URL('..', import.meta.url));
const RUN = path.join(TOP, 'deploy/dev/run');
const READY = /^Pushlog is ready: (http:\/\/\S+?)\/?$/;
const READY_MS = 120_000;
const STOP_MS = 30_000;
const LOG_TAIL_LINES = 25;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024; // of psql
// at SIGTERM PostgreSQL would wait for its clients to disconnect
const STOP_SIGNAL = { postgres: 'SIGINT' };
// How each server shows that it runs, even if the others are unavailable.
const ANSWERS = {
  postgres: (stack) => stack.psql('select 1'),
  redis: (stack) => stack.redis(['ping']),
  'messages-fcgi': (stack) => stack.isUp('/config.json'),
  relay: (stack) => stack.isUp('/app/'),
  nginx: (stack) => stack.isUp('/'),
};
const SANITIZER = /(Address|Leak|Thread)Sanitizer|runtime error:/;

const run = promisify(execFile);

/**
 * Waits until fn resolves to a truthy value, and returns it. A rejection counts
 * as "not yet"; when the deadline passes, the error names the last one.
 */
export async function until(what, fn, deadlineMs = 15_000) {
  const end = Date.now() + deadlineMs;
  let last;
  for (;;) {
    try {
      const value = await fn();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last ? `: ${last.message}` : '';
      throw new Error(`not within ${deadlineMs} ms: ${what}${why}`,
        { cause: last });
    }
    await pause(20);
  }
}

// Below the ports that the kernel gives to outgoing connections. tests/run gives
// each of the files that run side by side a range of its own, so that no other
// takes a port before it is used.
const [FIRST_PORT, END_PORT] =
  (process.env.TEST_PORTS ?? '10000-30000').split('-').map(Number);
let portsTaken = 0;

/** A free port of 127.0.0.1. */
export async function freePort() {
  const count = END_PORT - FIRST_PORT;
  for (let tries = 0; tries < count; tries += 1) {
    // files that follow each other in one range begin at different places
    const port = FIRST_PORT + (process.pid * 16 + portsTaken) % count;
    portsTaken += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${END_PORT} is free`);
}

async function isFree(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** The pids of the child processes of pid. */
export function children(pid) {
  return fs.readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => stat(child)?.parent === pid);
}

// Parent and start time of a process; undefined if there is none or if it is a
// zombie. The name may contain blanks and brackets: skip to the last bracket.
function stat(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const field = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (field[0] === 'Z') return undefined;
    return { pid, parent: Number(field[1]), started: field[19] };
  } catch {
    return undefined;
  }
}

function descendants(pid) {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

// A pid alone may belong to another process by now.
function isAlive(process) {
  return stat(process.pid)?.started === process.started;
}

/**
 * Starts a stack and waits until it is ready. env is added to the
 * environment; stateDir reuses the folder of an earlier stack, which the
 * caller kept with stop({ keep: true }). A folder without a database gets a
 * copy of the template, if there is one, unless isBare.
 */
export async function startStack({ env = {}, stateDir, isBare = false } = {}) {
  const folder = stateDir ?? newStateDir();
  if (!isBare) copyDatabase(folder);
  const port = env.PORT ?? String(await freePort());
  // setpriv: the servers end with the test, however it ends
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', RUN], {
    cwd: TOP,
    detached: true, // a Ctrl-C is for the test, which then stops the stack
    env: { ...process.env, ...env, PORT: port, STATE_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stack = new Stack(child, folder);
  try {
    await stack.ready();
  } catch (error) {
    child.kill('SIGTERM');
    await until('a failed start ends', () => stack.exit, STOP_MS)
      .catch(() => child.kill('SIGKILL'));
    throw stack.explain(error);
  }
  return stack;
}

export function newStateDir() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-test-'));
  // as root, the servers run as another user and must be able to enter
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** A Pushlog as clients see it, however it is run. */
export class Site {
  constructor(origin) {
    this.origin = origin; // http://127.0.0.1:PORT
  }

  get port() {
    return Number(new URL(this.origin).port);
  }

  /** Any request; resolves to {status, headers, text, json}. */
  async request(target, options) {
    const response = await fetch(new URL(target, this.origin), options);
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch { /* the body is no JSON: json stays undefined */ }
    return { status: response.status, headers: response.headers, text, json };
  }

  /** Whether a server behind nginx answers, if only with a refusal. */
  async isUp(target) {
    return (await this.request(target)).status < 500;
  }

  /** Posts one message and returns it as stored; throws unless it gets 200. */
  async post(name, text, { channel, key } = {}) {
    const form = new URLSearchParams({ name, text });
    if (channel !== undefined) form.set('channel', channel);
    const headers = key === undefined ? {} : { 'Idempotency-Key': key };
    const answer = await this.request('/messages',
      { method: 'POST', body: form, headers });
    return okJson('POST /messages', answer);
  }

  /** GET /messages; query is an object. Throws unless it gets 200. */
  async get(query = {}) {
    const target = `/messages?${new URLSearchParams(query)}`;
    return okJson(`GET ${target}`, await this.request(target));
  }
}

class Stack extends Site {
  #child;
  #output = [];

  constructor(child, stateDir) {
    super(undefined); // until deploy/dev/run prints the address
    this.#child = child;
    this.stateDir = stateDir;
    this.exit = undefined; // how deploy/dev/run ended
    child.on('exit', (code, signal) => { this.exit = { code, signal }; });
    child.on('error', (error) => { this.exit = { error }; });
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (line) => {
        this.#output.push(line);
        this.origin ??= line.match(READY)?.[1];
      });
    }
  }

  async ready() {
    await until('the stack is ready', () => this.origin || this.exit,
      READY_MS);
    if (!this.origin) {
      throw new Error(`deploy/dev/run ended: ${JSON.stringify(this.exit)}`);
    }
  }

  // --- processes ---

  /** The pid of the server of that name; throws while it does not run. */
  pid(name) {
    const file = path.join(this.stateDir, 'run', `${name}.pid`);
    const pid = Number(fs.readFileSync(file, 'latin1'));
    if (!Number.isInteger(pid) || pid <= 0 || !stat(pid)) {
      throw new Error(`${name} does not run`);
    }
    return pid;
  }

  /** The workers of a relay. */
  workers(name = 'relay') {
    return children(this.pid(name));
  }

  /** Sends a signal; returns the pid that received it. */
  kill(name, signal = 'SIGKILL') {
    const pid = this.pid(name);
    process.kill(pid, signal);
    return pid;
  }

  /** Waits until name runs again with another pid; returns that. */
  async restarted(name, pid) {
    return until(`${name} is restarted`, () => {
      const now = this.pid(name);
      return now !== pid && now;
    });
  }

  /** Ends name, which stays down until release(name). */
  async hold(name, signal = STOP_SIGNAL[name] ?? 'SIGTERM') {
    const folder = path.join(this.stateDir, 'hold');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, name), '');
    const held = stat(this.kill(name, signal));
    await until(`${name} ends`, () => !held || !isAlive(held));
  }

  /** Lets name run again; resolves when it answers. */
  async release(name) {
    fs.rmSync(path.join(this.stateDir, 'hold', name), { force: true });
    await this.restarted(name);
    await until(`${name} answers`, () => ANSWERS[name.replace(/-\d+$/, '')](this));
  }

  // --- the servers beneath ---

  /** The folder that holds the Unix sockets. */
  get sockets() {
    return fs.readlinkSync(path.join(this.stateDir, 'run/sockets'));
  }

  /** Runs SQL as the admin; resolves to a line per row, columns split by '|'. */
  async psql(sql) {
    const { stdout } = await run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1',
      '-h', this.sockets, '-U', 'postgres', '-d', 'pushlog', '-c', sql],
    { maxBuffer: OUTPUT_MAX_BYTES });
    return stdout.trimEnd();
  }

  /** Runs one Redis command, an array; resolves to the printed answer. */
  async redis(args) {
    const socket = path.join(this.sockets, 'redis.sock');
    const { stdout } = await run('redis-cli', ['-s', socket, ...args]);
    return stdout.trimEnd();
  }

  // --- logs ---

  /** The last lines of the run script's output and of each server's log. */
  tails(lines = LOG_TAIL_LINES) {
    const part = (title, all) => (all.length === 0 ? [] :
      [`--- ${title}`, ...all.slice(-lines).map(printable)]);
    return [
      ...part('deploy/dev/run', this.log('run')),
      ...NAMES.flatMap((name) => part(`${name}.log`, this.log(name))),
    ].join('\n');
  }

  /** The lines that a server has logged so far; 'run': the run script. */
  log(name) {
    if (name === 'run') return this.#output;
    try {
      const file = path.join(this.stateDir, 'log', `${name}.log`);
      return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  }

  /** The same error with the last lines of each log. */
  explain(error) {
    const message = `${error.message}\n${this.tails()}`;
    const frames = error.stack?.match(/(\n +at .*)+$/)?.[0] ?? '';
    const explained = new Error(message);
    explained.stack = `${error.name}: ${message}${frames}`;
    return explained;
  }

  /** Wraps a test's function: its failure includes the logs. */
  logged(fn) {
    return async (...args) => {
      try {
        return await fn(...args);
      } catch (error) {
        throw this.explain(error);
      }
    };
  }

  // --- the end ---

  /**
   * Stops everything as Ctrl-C does, and asserts a clean end: exit status 0, no
   * process left, no report of a sanitizer in any log.
   */
  async stop({ keep = false } = {}) {
    const all = descendants(this.#child.pid).map(stat).filter(Boolean);
    this.#child.kill('SIGTERM');
    try {
      await until('the stack stops', () => this.exit, STOP_MS);
      assert.deepEqual(this.exit, { code: 0, signal: null });
      await until('no process is left', () => !all.some(isAlive), 2_000);
      for (const name of NAMES) {
        const bad = this.log(name).find((line) => SANITIZER.test(line));
        assert.equal(bad, undefined, `${name}.log: ${bad}`);
      }
    } catch (error) {
      this.#child.kill('SIGKILL');
      for (const left of all.filter(isAlive)) process.kill(left.pid, 'SIGKILL');
      throw this.explain(error);
    } finally {
      if (!keep) fs.rmSync(this.stateDir, { recursive: true, force: true });
    }
  }
}

// nginx logs the bytes of a request as they are
function printable(line) {
  return `    ${line.slice(0, 300).replace(/\p{Cc}/gu, '?')}`;
}

function okJson(what, { status, text, json }) {
  if (status === 200 && json !== undefined) return json;
  const error = new Error(`${what}: ${status} ${text.slice(0, 500)}`);
  error.status = status;
  throw error;
}
