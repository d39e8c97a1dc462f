// SPDX-License-Identifier: MIT
//
// nginx retries a post on another process when its process dies, with the same
// request id: the client does not notice, and the post is stored once.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { rows } from './log.mjs';
import { metrics, opsSocket } from './ops.mjs';

const CHANNEL = 'room-retried';
const COUNT = 40;
const PATIENCE_MS = '30000'; // of a post

const stack = await startStack({ env: { COPIES: '2',
  PUSHLOG_LOCK_TIMEOUT_MS: PATIENCE_MS, PUSHLOG_POST_TIMEOUT_MS: PATIENCE_MS } });
after(() => stack.stop());

const waitingAt = async (program) =>
  (await metrics(opsSocket(stack, program))).get('pushlog_messages_posts_waiting');

for (const program of ['messages-fcgi', 'messages-fcgi-2']) {
  test(`posts that wait when ${program} is killed are stored once`,
    stack.logged(async () => {
      await stack.post('Ada', 'first', { channel: CHANNEL });
      const before = (await rows(stack, CHANNEL)).length;
      const lock = await lockRow(stack, CHANNEL);
      const posts = Array.from({ length: COUNT }, (_, i) =>
        stack.post('Ada', `${program} ${i}`, { channel: CHANNEL }));
      await until('all of them wait', async () => await waitingAt('messages-fcgi')
        + await waitingAt('messages-fcgi-2') === COUNT);
      assert.notEqual(await waitingAt(program), 0);
      const pid = stack.kill(program);
      lock.close();
      const ids = (await Promise.all(posts)).map(({ id }) => id);
      assert.equal(new Set(ids).size, COUNT);
      assert.equal((await rows(stack, CHANNEL)).length, before + COUNT);
      await stack.restarted(program, pid);
      await until(`${program} answers`, async () => await waitingAt(program) === 0);
    }));
}
