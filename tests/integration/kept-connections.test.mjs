// SPDX-License-Identifier: MIT
//
// Connections that a web server keeps to messages-fcgi: each serves many
// requests, and none blocks another.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { Kept, fastcgi } from './fastcgi.mjs';
import { metrics, opsSocket } from './ops.mjs';

const THREADS = 2;
// a post may wait for a locked channel until the test has observed it
const PATIENCE_MS = '20000';
const stack = await startStack({ env: { PUSHLOG_THREADS: String(THREADS),
  PUSHLOG_LOCK_TIMEOUT_MS: PATIENCE_MS, PUSHLOG_POST_TIMEOUT_MS: PATIENCE_MS } });
after(() => stack.stop());
const SOCKET = path.join(stack.sockets, 'messages-fcgi.sock');

const GET = { REQUEST_METHOD: 'GET', DOCUMENT_URI: '/config.json' };
const post = (length) => ({ REQUEST_METHOD: 'POST', DOCUMENT_URI: '/messages',
  CONTENT_TYPE: 'application/x-www-form-urlencoded',
  ...length === undefined ? {} : { CONTENT_LENGTH: String(length) } });

function kept(t, count) {
  const all = Array.from({ length: count }, () => new Kept(SOCKET));
  t.after(() => all.forEach((each) => each.close()));
  return all;
}

test('a kept connection takes one request after the other',
  stack.logged(async (t) => {
    const [one] = kept(t, 1);
    const form = 'name=a&text=b';
    for (const [params, body, status] of [[GET, '', 200],
      [post(form.length), form, 200], [GET, '', 200],
      [{ ...GET, DOCUMENT_URI: '/none' }, '', 404]]) {
      const answer = await one.request(params, body);
      assert.deepEqual([answer.status, answer.end], [status, 'complete']);
    }
    assert.equal(one.hasEnded, false);
  }));

test('the unread rest of a request is not taken for the next one',
  stack.logged(async (t) => {
    const [one] = kept(t, 1);
    const body = 'x'.repeat(60_000);
    for (const [params, status] of [[post(1_000_000), 413],
      [post(undefined), 411], [post(10), 400],
      [{ ...post(body.length), DOCUMENT_URI: '/none' }, 404]]) {
      assert.equal((await one.request(params, body)).status, status);
      assert.equal((await one.request(GET)).status, 200);
    }
  }));

test('a connection is closed unless its request asks to keep it',
  stack.logged(async () => {
  const { status, end } = await fastcgi(SOCKET, GET); // reads to the end
  assert.deepEqual([status, end], [200, 'complete']);
}));

test('idle connections hold no thread', stack.logged(async (t) => {
  const all = kept(t, 4 * THREADS); // silent ones
  const others = kept(t, 4 * THREADS);
  for (const each of [...others, ...others]) {
    assert.equal((await each.request(GET)).status, 200);
  }
  assert.equal((await stack.request('/config.json')).status, 200);
  assert.ok([...all, ...others].every(({ hasEnded }) => !hasEnded));
}));

test('a request that arrives in pieces delays no other',
  stack.logged(async (t) => {
    const [one, other] = kept(t, 2);
    const form = 'name=a&text=b';
    for (const [params, body, missing, status] of [
      [GET, '', 20, 200], // of its parameters
      [post(form.length), form, form.length, 200],
      [{ ...post(form.length), DOCUMENT_URI: '/none' }, form, 1, 404],
      [post(1_000_000), 'x'.repeat(60_000), 50_000, 413]]) {
      // a kept connection is served in its turn, the other one after it
      assert.equal((await one.request(GET)).status, 200);
      const end = one.begin(params, body, missing);
      assert.equal((await other.request(GET)).status, 200);
      assert.equal((await end()).status, status);
    }
  }));

test('posts waiting for their commit hold no thread, and a stop loses none',
  stack.logged(async (t) => {
    const form = 'name=a&text=b&channel=room-held';
    const [one, ...all] = kept(t, 1 + 4 * THREADS);
    assert.equal((await one.request(post(form.length), form)).status, 200);
    const lock = await lockRow(stack, 'room-held');
    t.after(() => lock.close());
    const posts = all.map((each) => each.request(post(form.length), form));
    await until('they wait', async () =>
      (await metrics(opsSocket(stack, 'messages-fcgi')))
        .get('pushlog_messages_posts_waiting') === all.length);
    assert.equal((await one.request(GET)).status, 200);

    const pid = stack.kill('messages-fcgi', 'SIGTERM');
    await until('idle connections are closed', () => one.hasEnded);
    lock.close();
    for (const { status, end } of await Promise.all(posts)) {
      assert.deepEqual([status, end], [200, 'complete']);
    }
    await stack.restarted('messages-fcgi', pid);
    await until('it answers', () => stack.isUp('/config.json'));
  }));

// The limits of another process can't be changed, not even by root here.
function allowFiles(count) {
  const pid = stack.pid('messages-fcgi');
  const { uid, gid } = fs.statSync(`/proc/${pid}`);
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`],
    process.getuid() === 0 ? { uid, gid } : {});
}

test('when descriptors run short, kept connections are closed',
  stack.logged(async (t) => {
    const all = kept(t, 30);
    for (const each of all) await each.request(GET);
    allowFiles(40); // three quarters of which are reached with the next one
    t.after(() => allowFiles(1024));
    const [next] = kept(t, 1);
    assert.equal((await next.request(GET)).status, 200);
    await until('the others are closed', () =>
      all.every(({ hasEnded }) => hasEnded));
    for (let i = 0; i < 5; i += 1) {
      assert.equal((await stack.post('a', 'b')).name, 'a');
    }
  }));

test('a reload ends kept connections after their answers',
  stack.logged(async (t) => {
    const all = kept(t, 8);
    for (const each of all) await each.request(GET);
    stack.kill('messages-fcgi', 'SIGHUP');
    await until('they end', () => all.every(({ hasEnded }) => hasEnded));
    assert.equal((await stack.request('/config.json')).status, 200);
  }));
