// SPDX-License-Identifier: MIT
//
// One thread of messages-fcgi takes requests and answers what it can. A request
// that has to wait delays no other.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { KEY } from './clients.mjs';
import { metrics, opsSocket } from './ops.mjs';
import { signedPost } from './server-sdk.mjs';

// longer than it takes to see that a request waits
const PATIENCE_MS = '60000';
const APP = { id: '1', key: KEY, secret: 'the secret of the first',
  durable_channels: ['orders-*'] };
// limits of a committer, see committer.h, and of one request
const POSTS_MAX = 1024;
const BATCH = 10;

const stack = await startStack({ env: {
  PUSHLOG_APPS: JSON.stringify({ apps: [APP] }),
  PUSHLOG_THREADS: '2',
  PUSHLOG_LOCK_TIMEOUT_MS: PATIENCE_MS,
  PUSHLOG_POST_TIMEOUT_MS: PATIENCE_MS,
} });
after(() => stack.stop());

const metric = async (name) =>
  (await metrics(opsSocket(stack, 'messages-fcgi'))).get(name);

/** Answers other requests while these, under way, are not answered. */
async function keepNobodyWaiting(requests) {
  const first = Promise.race(requests).then(() => 'who waits');
  const other = stack.request('/config.json').then(() => 'the other');
  assert.equal(await Promise.race([first, other]), 'the other');
}

/** Ends the pause that the test imposed on processes. */
function pauseBackends(t, pids) {
  const resume = () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
  pids.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  t.after(resume);
  return resume;
}

test('a request that waits for PostgreSQL delays no other',
  stack.logged(async (t) => {
    await stack.get();
    const pids = (await stack.psql(`select pid from pg_stat_activity
      where application_name = 'messages-fcgi'`)).split('\n').map(Number);
    const resume = pauseBackends(t, pids);
    const reader = stack.request('/messages');
    await until('the reader waits', async () =>
      await metric('pushlog_messages_requests_in_flight') === 1);
    await keepNobodyWaiting([reader]);
    resume();
    await reader;
  }));

test('a post that waits for a place in the queue delays no other',
  stack.logged(async (t) => {
    const event = { channel: 'orders-1', name: 'paid', data: '' };
    const batch = { batch: Array(BATCH).fill(event) };
    const post = () => signedPost(stack, APP, '/batch_events', batch);
    assert.equal((await post()).status, 200);
    const lock = await lockRow(stack, 'orders-1');
    t.after(() => lock.close());

    // one request more than the queue holds
    const count = Math.floor(POSTS_MAX / BATCH) + 1;
    const posts = Array.from({ length: count }, post);
    await until('they wait', async () =>
      await metric('pushlog_messages_posts_waiting') === count * BATCH);
    await keepNobodyWaiting(posts);
    lock.close();
    for (const { status } of await Promise.all(posts)) {
      assert.equal(status, 200);
    }
  }));
