// SPDX-License-Identifier: MIT
//
// Slow readers block no post, and a stop does not wait for them.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';

const THREADS = 8;
// More than nginx buffers of an answer in memory and in its file together.
const HISTORY_BYTES = 160 * 1024 * 1024;
const TEXT_BYTES = 8000;

const stack = await startStack({ env: { PUSHLOG_THREADS: String(THREADS) } });
after(() => stack.stop());

await stack.psql(`
  do $$ begin
    for i in 1..${Math.ceil(HISTORY_BYTES / TEXT_BYTES / 100)} loop
      perform pushlog.append('1', array_fill('messages'::text, array[100]),
        array_fill('new_message'::text, array[100]),
        array_fill('Ada'::text, array[100]),
        array_fill(repeat('x', ${TEXT_BYTES}), array[100]), null,
        (select array_agg(uuid_send(gen_random_uuid()))
          from generate_series(1, 100)), null);
    end loop;
  end $$`);

function readNothing(t) {
  const socket = net.connect(stack.port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  socket.pause();
  socket.write('GET /messages HTTP/1.1\r\nHost: localhost\r\n\r\n');
}

test('slow readers block no post', stack.logged(async (t) => {
  for (let i = 0; i < 2 * THREADS; i += 1) readNothing(t);
  // the permitted number is served, and one more gets 503
  await until('no more long answers are given', async () => {
    const response = await fetch(`${stack.origin}/messages`);
    await response.body.cancel();
    return response.status === 503 && response.headers.get('retry-after');
  });
  const posted = await stack.post('Ada', 'in between');
  const { results } = await stack.get({ limit: 1 });
  assert.deepEqual(results, [posted]);

  const pid = stack.pid('messages-fcgi');
  stack.kill('messages-fcgi', 'SIGTERM');
  await stack.restarted('messages-fcgi', pid);
  assert.match(stack.log('messages-fcgi').join('\n'), /breaking off answers/);
  assert.match(stack.log('messages-fcgi').join('\n'), /info: stopped/);
}));

test("200 means stored, whatever the database's settings",
  stack.logged(async () => {
    await stack.psql('alter database pushlog set synchronous_commit = off');
    const before = stack.pid('messages-fcgi');
    stack.kill('messages-fcgi', 'SIGTERM');
    await stack.restarted('messages-fcgi', before);

    const posted = await until('a post is stored', () =>
      stack.post('Ada', 'lost?', { channel: 'room-crash' }));
    const pid = stack.pid('postgres');
    stack.kill('postgres', 'SIGKILL');
    await stack.restarted('postgres', pid);
    const { results } = await until('the log can be read', () =>
      stack.get({ channel: 'room-crash' }));
    assert.deepEqual(results, [posted]);
  }));
