// SPDX-License-Identifier: MIT
//
// The endpoints that authorize a page for channels. Their signatures equal
// those of the official server library; nginx decides which user is authorized.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { KEY } from './clients.mjs';
import { openServer } from './server-sdk.mjs';

const SECRET = 'a secret of the page';
const ENV = { PUSHLOG_APP_SECRET: SECRET };
const MASTER_KEY = Buffer.from('a master key of exactly 32 bytes')
  .toString('base64');

const anyone = await startStack({ env: ENV }); // the default on loopback
after(() => anyone.stop());
const named = await startStack({ env: { ...ENV,
  PUSHLOG_AUTH: 'remote-user', PUSHLOG_ENCRYPTION_MASTER_KEY: MASTER_KEY } });
after(() => named.stop());
const server = openServer(anyone, { id: '1', key: KEY, secret: SECRET });

function authTest(name, fn) {
  test(name, anyone.logged(named.logged(fn)));
}

/** As pusher-js posts: urlencoded. */
const post = (stack, target, fields, headers) => stack.request(target,
  { method: 'POST', body: new URLSearchParams(fields), headers });
const channelOf = (channel, more) =>
  ({ socket_id: '1234.5678', channel_name: channel, ...more });

for (const name of ['Ada', 'Grüße "<&>\\ 日本', 'x'.repeat(128)]) {
  authTest(`signs as the library does, for ${name.slice(0, 20)}`, async () => {
    const user = { user_id: name, user_info: { name } };
    for (const [target, fields, wanted] of [
      ['/pusher/auth', channelOf('private-a', { name }),
        server.authorizeChannel('1234.5678', 'private-a')],
      ['/pusher/auth', channelOf('private-cache-a'),
        server.authorizeChannel('1234.5678', 'private-cache-a')],
      ['/pusher/auth', channelOf('presence-a', { name }),
        server.authorizeChannel('1234.5678', 'presence-a', user)],
      ['/pusher/user-auth', { socket_id: '1234.5678', name },
        server.authenticateUser('1234.5678',
          { id: name, user_info: { name } })],
    ]) {
      const answer = await post(anyone, target, fields);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.headers.get('Content-Type'), /^application\/json/);
      assert.equal(answer.headers.get('Cache-Control'), 'no-store');
      assert.deepEqual(answer.json, wanted);
    }
  });
}

authTest('JSON bodies are accepted', async () => {
  const { json } = await anyone.request('/pusher/auth', { method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(channelOf('private-a')) });
  assert.deepEqual(json, server.authorizeChannel('1234.5678', 'private-a'));
});

for (const [status, param, target, fields] of [
  [400, 'socket_id', '/pusher/auth', { channel_name: 'private-a' }],
  [400, 'socket_id', '/pusher/auth',
    { socket_id: '1.2:presence-b', channel_name: 'private-a' }],
  [400, 'socket_id', '/pusher/auth',
    { socket_id: '1.2\n', channel_name: 'private-a' }],
  [400, 'socket_id', '/pusher/user-auth', { socket_id: '1', name: 'Ada' }],
  [400, 'channel_name', '/pusher/auth', { socket_id: '1.2' }],
  [400, 'channel_name', '/pusher/auth', channelOf('messages')],
  [400, 'channel_name', '/pusher/auth', channelOf('private-a:b')],
  [400, 'channel_name', '/pusher/auth', channelOf('private-a b')],
  [400, 'channel_name', '/pusher/auth', channelOf(':user:x')],
  [403, 'channel_name', '/pusher/auth', channelOf('private-encrypted-a')],
  [400, 'name', '/pusher/auth', channelOf('presence-a')],
  [400, 'name', '/pusher/auth', channelOf('presence-a', { name: '' })],
  [400, 'name', '/pusher/auth', channelOf('presence-a', { name: 'a\nb' })],
  [400, 'name', '/pusher/auth',
    channelOf('presence-a', { name: 'x'.repeat(129) })],
  [400, 'name', '/pusher/user-auth', { socket_id: '1.2' }],
]) {
  authTest(`${target} refuses ${JSON.stringify(fields).slice(0, 60)}`,
    async () => {
      const answer = await post(anyone, target, fields);
      assert.equal(answer.status, status);
      assert.equal(answer.json.param, param);
    });
}

authTest('other methods get 405 and other types 415', async () => {
  assert.equal((await anyone.request('/pusher/auth')).status, 405);
  const { status } = await anyone.request('/pusher/auth',
    { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'x' });
  assert.equal(status, 415);
});

const basic = (user, password) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

authTest('a user that nginx has not authenticated is anonymous', async () => {
  for (const [target, fields] of [
    ['/pusher/auth', channelOf('private-a', { name: 'Ada' })],
    ['/pusher/auth', channelOf('presence-a', { name: 'Ada' })],
    ['/pusher/user-auth', { socket_id: '1.2', name: 'Ada' }],
  ]) {
    // a header that nginx reads but nothing trusts
    const { status, json } = await post(named, target, fields,
      basic('Ada', 'anything'));
    assert.equal(status, 403);
    assert.match(json.detail, /who this is/);
  }
});

authTest('the user that nginx names is authorized, whatever the page claims, ' +
  'and gets the keys of encrypted channels', async () => {
  const folder = path.join(named.stateDir, 'nginx');
  fs.mkdirSync(path.join(folder, 'pushlog-auth.d'));
  fs.writeFileSync(path.join(folder, 'passwords'),
    'Ada:{PLAIN}correct horse\n');
  fs.writeFileSync(path.join(folder, 'pushlog-auth.d/basic.conf'), `
    auth_basic "Pushlog";
    auth_basic_user_file passwords;
    set $pushlog_user $remote_user;
  `);
  named.kill('nginx', 'SIGHUP');
  const fields = channelOf('presence-a', { name: 'Eve' });
  const ask = (headers) => post(named, '/pusher/auth', fields, headers);
  await until('nginx asks for a password', async () =>
    (await ask()).status === 401);
  assert.equal((await ask(basic('Ada', 'wrong'))).status, 401);
  const { status, json } = await ask(basic('Ada', 'correct horse'));
  assert.equal(status, 200);
  assert.deepEqual(json, server.authorizeChannel('1234.5678', 'presence-a',
    { user_id: 'Ada', user_info: { name: 'Ada' } }));

  const encrypting = openServer(named, { id: '1', key: KEY, secret: SECRET,
    encryptionMasterKeyBase64: MASTER_KEY });
  const key = await post(named, '/pusher/auth',
    channelOf('private-encrypted-a'), basic('Ada', 'correct horse'));
  assert.deepEqual(key.json,
    encrypting.authorizeChannel('1234.5678', 'private-encrypted-a'));
});
