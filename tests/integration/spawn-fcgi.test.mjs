// SPDX-License-Identifier: MIT
//
// deploy/spawn-fcgi/run under a supervisor: its programs serve, end on SIGTERM,
// and start again over the leftovers of a kill -9.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startStack, until } from '../stack.mjs';
import { KEY, Wire } from './clients.mjs';
import { fastcgi } from './fastcgi.mjs';

const IS_ROOT = process.getuid() === 0;

const stack = await startStack();
after(() => stack.stop());
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-run-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
fs.chmodSync(folder, 0o777);
const conf = path.join(folder, 'pushlog.conf');
const sockets = path.join(folder, 'sockets');
fs.mkdirSync(sockets);
// readable for the user that runs it; the checkout may be root's alone
const run = path.join(folder, 'run');
fs.copyFileSync(fileURLToPath(
  new URL('../../deploy/spawn-fcgi/run', import.meta.url)), run);
fs.chmodSync(run, 0o755);

// An ugly file, but a valid one.
function configure(user) {
  fs.writeFileSync(conf, `# PUSHLOG_APP_KEY=not this one
PUSHLOG_APP_KEY=${KEY}
PUSHLOG_APP_SECRET=a secret, with "blanks" in $(it)
PUSHLOG_DATABASE=host=${stack.sockets} dbname=pushlog user=${user}
PUSHLOG_REDIS=unix:${stack.sockets}/redis.sock
PUSHLOG_WORKERS=1`); // and no line break at the end
  fs.chmodSync(conf, 0o644);
}

/** The service of that name; start() acts as the supervisor. */
class Service {
  constructor(name, wrapper = []) {
    this.name = name;
    this.socket = path.join(sockets, `${name}.sock`);
    this.command = [...wrapper, run];
    this.said = '';
    // runit runs it in a folder of the service's name
    this.cwd = path.join(folder, 'sv', name);
    fs.mkdirSync(this.cwd, { recursive: true });
  }

  start() {
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...this.command], {
      cwd: this.cwd,
      env: { PATH: process.env.PATH, CONF: conf, SOCKETS: sockets,
        GROUP: 'nogroup', PROGRAMS: path.join(stack.stateDir, 'stage') },
      stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text) => { this.said += text; });
    child.stderr.on('data', (text) => { this.said += `stderr: ${text}`; });
    this.child = child;
  }

  async end(signal) {
    this.child.kill(signal);
    return until('the service ends', () => this.child.exitCode !== null ||
      this.child.signalCode);
  }
}

async function holds(service, serves) {
  after(() => service.child.kill('SIGKILL'));
  service.start();
  await until('it serves', serves).catch((error) => {
    throw new Error(`${error.message}\n${service.said}`);
  });
  assert.equal(fs.statSync(service.socket).mode & 0o777, 0o660);
  assert.doesNotMatch(service.said, /stderr:/);

  await service.end('SIGKILL');
  await until('it is down', async () => !(await serves().catch(() => false)));
  service.start(); // the socket is still there
  await until('it serves again', serves);
  await service.end('SIGTERM');
  assert.equal(service.child.exitCode, 0, service.said);
}

const get = { REQUEST_METHOD: 'GET', DOCUMENT_URI: '/messages',
  QUERY_STRING: 'limit=1' };
const readsFrom = (service) => async () =>
  (await fastcgi(service.socket, get)).status === 200;
const subscribesAt = (service) => async () => {
  const wire = await Wire.open(service.socket);
  const { base } = await wire.subscribe('messages');
  await wire.close();
  return base === 0;
};

// The stack's servers run as nobody if the test is root, else as its user.
const asUser = IS_ROOT ? ['--reuid', 'nobody', '--regid', 'nogroup',
  '--clear-groups', '--'] : [];
if (IS_ROOT) execFileSync('chown', ['nobody', sockets]);

test('messages-fcgi runs as a plain user', stack.logged(async () => {
  configure('messages-fcgi');
  const service = new Service('messages-fcgi', asUser);
  await holds(service, readsFrom(service));
}));

test('relay runs as a plain user', stack.logged(async () => {
  configure('relay');
  const service = new Service('relay', asUser);
  await holds(service, subscribesAt(service));
}));

// A view of the system that has the users which the script switches to; the
// stack's servers accept them.
function withUsers() {
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim());
  for (const file of ['passwd', 'group']) {
    const id = file === 'group' ? gid : `${uid}:${gid}`;
    const lines = ['messages-fcgi', 'relay'].map((name) =>
      (file === 'group' ? `${name}:x:${id}:\n` : `${name}:x:${id}::/:/bin/sh\n`));
    fs.writeFileSync(path.join(folder, file),
      fs.readFileSync(`/etc/${file}`, 'utf8') + lines.join(''));
  }
  return ['unshare', '--mount', 'sh', '-c',
    `mount --bind ${folder}/passwd /etc/passwd &&
     mount --bind ${folder}/group /etc/group && exec "$0"`];
}

for (const [name, serves] of [
  ['messages-fcgi', readsFrom], ['relay', subscribesAt]]) {
  test(`${name} started by root switches to its user`,
    { skip: !IS_ROOT && 'only root can become another' },
    stack.logged(async () => {
      configure(name);
      fs.rmSync(sockets, { recursive: true, force: true });
      const service = new Service(name, withUsers());
      let uid;
      await holds(service, async () => {
        if (!await serves(service)()) return false;
        uid = fs.statSync(`/proc/${service.child.pid}`).uid;
        return true;
      });
      assert.notEqual(uid, 0);
      assert.equal(fs.statSync(sockets).mode & 0o7777, 0o1775);
    }));
}

test('an unknown name is refused', async () => {
  const service = new Service('something', asUser);
  service.start();
  await until('it ends', () => service.child.exitCode !== null);
  assert.equal(service.child.exitCode, 2);
});
