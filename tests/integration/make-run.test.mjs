// SPDX-License-Identifier: MIT
//
// deploy/dev/run: stored messages survive every kind of end, and no process
// does; a port or folder that it can't use is reported and left alone.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { startStack, until } from '../stack.mjs';

const RUN = fileURLToPath(new URL('../../deploy/dev/run', import.meta.url));
const DEADLINE_MS = 20_000;
const IS_ROOT = process.getuid() === 0;

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-run-'));
fs.chmodSync(base, 0o755);
const state = path.join(base, 'state of one'); // blanks are no trouble
let stack; // the current run of the state folder, if any
let killed; // the folder of sockets that an earlier one left
const posted = [];

/** Starts the next run of the state folder. */
async function start(env) {
  stack = await startStack({ stateDir: state, isBare: true,
    env: { PORT: '0', ...env } });
}

/** Ends the current run. */
async function stop() {
  const old = stack;
  stack = undefined;
  const sockets = old.sockets;
  await old.stop({ keep: true });
  assertNothingLeft(sockets);
}

async function post(words) {
  posted.push(await stack.post('Ada', words, { channel: 'room-1' }));
}

async function assertStored() {
  assert.deepEqual((await stack.get({ channel: 'room-1' })).results, posted);
}

/** Every server of a run, down to the last worker, inherits this lock. */
function isUsed() {
  try {
    execFileSync('flock', ['-n', path.join(state, 'run/servers.lock'), 'true']);
    return false;
  } catch {
    return true;
  }
}

function assertNothingLeft(sockets) {
  assert.equal(isUsed(), false);
  assert.equal(fs.existsSync(sockets), false);
  assert.deepEqual(fs.readdirSync(path.join(state, 'run')).sort(),
    ['lock', 'servers.lock']);
}

/** Expects a run to end by itself, with status 1 and a message that matches. */
async function assertRefuses(env, pattern) {
  const child = spawn(RUN, { stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS, env: { ...process.env, PORT: '0', ...env } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr),
    new Promise((resolve) => { child.on('close', resolve); })]);
  assert.equal(out, '');
  assert.match(err, pattern);
  assert.equal(child.exitCode, 1, err);
}

function makeFolder(name) {
  const folder = path.join(base, name);
  fs.mkdirSync(folder);
  return folder;
}

function parent(pid) {
  return Number(fs.readFileSync(`/proc/${pid}/status`, 'latin1')
    .match(/^PPid:\s*(\d+)/m)[1]);
}

/** One request, byte for byte as given; the whole answer. */
async function raw(request) {
  const socket = net.connect(stack.port, '127.0.0.1');
  socket.end(request);
  return text(socket);
}

before(() => start({
  // without `messages`, which the run requests to see whether it is ready
  PUSHLOG_CHANNELS: 'room-*',
  // the stack has addresses of its own
  PUSHLOG_DATABASE_FILE: '/nowhere', PUSHLOG_REDIS_FILE: '/nowhere',
  PUSHLOG_LISTEN_FILE: '/nowhere', PUSHLOG_APP_KEY_FILE: '',
  TMPDIR: makeFolder('with blanks'),
}));

after(async () => {
  await stack?.stop({ keep: true });
  fs.rmSync(base, { recursive: true, force: true });
});

test('it becomes ready with any settings of the programs', async () => {
  await post('the first run');
  await assertStored();
});

test('the servers own what they write to, and nothing else',
  { skip: !IS_ROOT && 'needs root' }, () => {
    const owned = execFileSync('find', [state, '-user', 'nobody', '-prune',
      '-printf', '%P\n'], { encoding: 'utf8' });
    assert.deepEqual(owned.trim().split('\n').sort(),
      ['app_secret', 'data', 'log/access.log', 'nginx/temp']);
  });

test('a port in use is reported, and no folder is made', async () => {
  const other = path.join(base, 'other');
  await assertRefuses({ PORT: String(stack.port), STATE_DIR: other },
    new RegExp(`^run: port ${stack.port} is in use; choose another`));
  assert.equal(fs.existsSync(other), false);
});

test('it listens on a further address as well', async () => {
  const open = await startStack({ env: { ADDRESS: '127.0.0.2' } });
  try {
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      const { status } = await fetch(`http://${host}:${open.port}/`);
      assert.equal(status, 200);
    }
    // forged addresses of remote clients are not trusted
    const { status } = await open.request('/pusher/auth', { method: 'POST',
      body: new URLSearchParams({ socket_id: '1.2', name: 'Ada',
        channel_name: 'presence-a' }) });
    assert.equal(status, 403);
  } finally {
    await open.stop();
  }
  await assertRefuses({ ADDRESS: 'everywhere' },
    /^run: ADDRESS=everywhere is not an IPv4 address\n$/);
});

test('a second run of the same folder is refused', async () => {
  await assertRefuses({ STATE_DIR: state }, /^run: another run uses .*state/);
  await post('after the second one');
});

test('a folder with other contents is left alone', async () => {
  const folder = makeFolder('else');
  fs.mkdirSync(path.join(folder, 'data'));
  fs.writeFileSync(path.join(folder, 'data/treasure'), '');
  const { uid, gid, mode } = fs.statSync(folder);
  await assertRefuses({ STATE_DIR: folder },
    /^run: .*else holds something else: choose another STATE_DIR\n$/);
  assert.deepEqual(fs.readdirSync(folder), ['data']);
  const now = fs.statSync(folder);
  assert.deepEqual({ uid: now.uid, gid: now.gid, mode: now.mode },
    { uid, gid, mode });
});

test('a copy of a folder in use leaves the original alone', async () => {
  const copy = path.join(base, 'copy');
  spawnSync('cp', ['-a', state, copy]); // files may vanish meanwhile
  // PostgreSQL detects that the files were copied while it ran
  await assertRefuses({ STATE_DIR: copy }, /postmaster\.pid/);
  await post('after the copy');
  await assertStored();
  assert.equal(await stack.psql('select 1'), '1'); // a new connection
});

test('answers that nginx makes itself are not cached', async () => {
  const tooLong = await stack.request('/messages',
    { method: 'POST', body: 'x'.repeat(300_000) });
  assert.equal(tooLong.status, 413);
  const away = ['messages-fcgi', 'relay'];
  for (const name of away) await stack.hold(name);
  const answers = [tooLong, await stack.request('/messages'),
    await stack.request('/app/pushlog-dev')];
  for (const name of away) await stack.release(name);
  assert.deepEqual(answers.map(({ status }) => status), [413, 502, 502]);
  for (const { status, headers, json } of answers) {
    assert.equal(headers.get('Cache-Control'), 'no-store');
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
    assert.equal(json.status, status);
  }
});

test('malformed requests are answered, and not logged as errors', async () => {
  const count = stack.log('nginx').length;
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\nHo st: x\r\n\r\n', 400], ['\0\r\n\r\n', 400],
    ['TRACE /messages HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    [`GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ['GET / HTTP/9.1\r\nHost: x\r\n\r\n', 505],
  ]) {
    assert.match(await raw(request), new RegExp(`^HTTP/1.1 ${status} `));
  }
  assert.deepEqual(stack.log('nginx').slice(count), []);
});

test('SIGTERM leaves no process, even if some are dead already', async () => {
  const run = parent(stack.pid('nginx'));
  // so that it learns of the death and of the signal at the same time
  process.kill(run, 'SIGSTOP');
  stack.kill('nginx');
  const stopped = stop();
  process.kill(run, 'SIGCONT');
  await stopped;
});

test('the next run has everything that was stored', async () => {
  await start();
  await assertStored();
  await post('the second run');
});

test('kill -9 leaves no server', async () => {
  await stack.psql("update pushlog.migration set checksum = 'another'");
  const { sockets } = stack;
  process.kill(parent(stack.pid('nginx')), 'SIGKILL');
  stack = undefined;
  await until('no server is left', () => !isUsed());
  assert.ok(fs.existsSync(sockets)); // which is left to the next run
  killed = sockets;
});

test('a failing migration stops the start, and is reported', async () => {
  await assertRefuses({ STATE_DIR: state },
    /run: the database could not be prepared; [^]* is not what was applied/);
  assertNothingLeft(killed);
});
