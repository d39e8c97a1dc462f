// SPDX-License-Identifier: MIT
//
// A Redis with a password, and a user that has only the documented rights:
// everything works, and no command is refused.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { KEY, Wire } from './clients.mjs';
import { ask, opsSocket } from './ops.mjs';
import { startReceiver } from './receiver.mjs';
import { BUILD, environment } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const MANUAL = new URL('../../deploy/man/pushlog.conf.5', import.meta.url);
const PREFIX = 'chat'; // of names in Redis
const USER = 'programs';
const PASSWORD = 'a "pass word" of\ttheirs';

const receiver = await startReceiver();
after(() => receiver.close());
const APP = { id: '1', key: KEY, secret: 'the secret of the first',
  webhooks: [receiver.url('/hook')], client_events: true,
  subscription_count: true };
const stack = await startStack({ env: { PUSHLOG_WORKERS: '2', no_proxy: '*',
  PUSHLOG_APPS: JSON.stringify({ apps: [APP] }), PUSHLOG_REDIS_PREFIX: PREFIX } });
after(() => stack.stop());
const server = openServer(stack, APP);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-redis-user-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The rights that the documentation demands. */
function rights() {
  const [, words] = fs.readFileSync(MANUAL, 'utf8')
    .match(/^\.Ql (~pushlog:.+) ,$/m);
  return words.replaceAll('pushlog', PREFIX).split(' ');
}

/** As a user with all rights. */
const admin = (...words) => stack.redis(['--user', 'admin', '--pass', 'any',
  '--no-auth-warning', ...words]);

test('no command needs a right that is not documented', stack.logged(
  async (t) => {
    await stack.redis(['acl', 'setuser', 'admin', 'on', 'nopass', '+@all',
      '~*', '&*']);
    await admin('acl', 'setuser', 'default', 'reset', 'on', 'nopass', ...rights());
    await admin('client', 'kill', 'user', 'default'); // they come back as that
    for (const program of ['relay', 'messages-fcgi']) {
      await until(`${program} is ready`, async () =>
        (await ask(opsSocket(stack, program), '/readyz')).text === 'ok\n');
    }

    const wires = await Promise.all(
      Array.from({ length: 4 }, () => Wire.open(stack)));
    t.after(() => wires.forEach((wire) => wire.close()));
    const hook = receiver.hook('/hook');
    const said = (name) => until(`${name} arrives`, () =>
      hook.events.some((event) => event.name === name));
    const channel = 'presence-cache-room';
    for (const [i, wire] of wires.entries()) {
      wire.send({ event: 'pusher:signin',
        data: server.authenticateUser(wire.socketId, { id: `u${i}` }) });
      await wire.next('pusher:signin_success');
      await wire.subscribe('messages');
      wire.send({ event: 'pusher:subscribe', data: { channel,
        ...server.authorizeChannel(wire.socketId, channel,
          { user_id: `u${i}` }) } });
    }
    await said('cache_miss');
    await until('all are there', async () => (await (await server.get(
      { path: `/channels/${channel}/users` })).json()).users.length === 4);

    await stack.post('Ada', 'stored');
    await server.trigger(channel, 'kept', 1);
    wires[0].send({ event: 'client-typing', channel, data: {} });
    for (const wire of wires.slice(1)) {
      await until('all of it comes', () =>
        ['new_message', 'kept', 'client-typing', 'subscription_count'].every(
          (event) => wire.texts.some((text) => text.includes(event))));
    }
    await said('client_event');
    await server.get({ path: '/channels', params: { info: 'subscription_count' } });
    await server.terminateUserConnections('u0');
    await wires[0].closed();
    await said('member_removed');

    assert.equal(await admin('acl', 'log'), '');
    const keys = (await admin('keys', '*')).split('\n');
    assert.deepEqual(keys.filter((key) => !key.startsWith(`${PREFIX}:`)), []);
  }));

const FCGI = ['spawn-fcgi', '-n', '-s', path.join(folder, 'fcgi.sock'), '--'];

for (const [program, command] of [['relay', [`${BUILD}relay`]],
  ['messages-fcgi', [...FCGI, `${BUILD}messages-fcgi`]]]) {
  /** Starts another program with further environment; returns its /readyz. */
  const start = (t, more) => {
    const ops = path.join(folder, `${program}.ops`);
    const child = spawn(command[0], command.slice(1), { stdio: 'ignore',
      env: { ...environment(stack, program), PUSHLOG_OPS_LISTEN: `unix:${ops}`,
        PUSHLOG_LISTEN: `unix:${folder}/relay.sock`, PUSHLOG_REDIS_PREFIX: PREFIX,
        ...more } });
    t.after(() => new Promise((resolve) => {
      child.on('exit', resolve);
      child.kill('SIGTERM');
    }));
    return async () => (await ask(ops, '/readyz')).text;
  };

  for (const [who, more, told] of [
    ['by name and password',
      { PUSHLOG_REDIS_USER: USER, PUSHLOG_REDIS_PASSWORD: PASSWORD }, /^ok$/],
    ['by the password alone', { PUSHLOG_REDIS_PASSWORD: PASSWORD }, /^ok$/],
    ['by neither', {}, /^degraded: redis/],
    ['by another password',
      { PUSHLOG_REDIS_USER: USER, PUSHLOG_REDIS_PASSWORD: 'wrong' },
      /^degraded: redis/],
  ]) {
    test(`${program} reports to Redis as its user ${who}`,
      stack.logged(async (t) => {
      await admin('acl', 'setuser', USER, 'reset', 'on', `>${PASSWORD}`, ...rights());
      await admin('acl', 'setuser', 'default', 'resetpass', `>${PASSWORD}`);
      t.after(() => admin('acl', 'setuser', 'default', 'nopass'));
      const readiness = start(t, more);
      await until(`it answers ${told}`, async () =>
        told.test((await readiness()).trimEnd()));
      const users = (await admin('client', 'list')).split('\n');
      assert.equal(users.some((line) => line.includes(` user=${USER} `)),
        told.test('ok') && more.PUSHLOG_REDIS_USER === USER);
    }));
  }
}
