// SPDX-License-Identifier: MIT
//
// The newest messages are kept in memory: GET still answers exactly the log, no
// matter which process wrote it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';

// nginx alternates between the two processes
const stack = await startStack({ env: { COPIES: '2' } });
after(() => stack.stop());

const ids = ({ results }) => results.map(({ id }) => id);
const upTo = (head, count) =>
  Array.from({ length: count }, (_, i) => head - count + 1 + i);

test('a message is among the newest whichever process stored it',
  stack.logged(async () => {
    const channel = 'room-turns';
    for (let i = 1; i <= 60; i += 1) {
      const { id } = await stack.post('a', `text ${i}`, { channel });
      assert.equal(id, i);
      for (const limit of [1, 5]) {
        const page = await stack.get({ channel, limit });
        assert.deepEqual(ids(page), upTo(i, Math.min(limit, i)));
        assert.equal(page.results.at(-1).text, `text ${i}`);
        assert.equal(page.head, i);
      }
    }
  }));

test('concurrent posters and readers read at least what was acknowledged',
  stack.logged(async () => {
    const channel = 'room-crowd';
    let known = 0;
    await Promise.all(Array.from({ length: 12 }, async (_, poster) => {
      for (let i = 0; i < 25; i += 1) {
        if (poster % 2) {
          const { id } = await stack.post('a', 'b', { channel });
          known = Math.max(known, id);
        }
        const before = known;
        const page = await stack.get({ channel, limit: 20 });
        assert.ok(page.head >= before, `${page.head} < ${before}`);
        assert.deepEqual(ids(page), upTo(page.head, Math.min(20, page.head)));
      }
    }));
    const all = await stack.get({ channel });
    assert.deepEqual(ids(all), upTo(150, 150));
    assert.deepEqual(await stack.get({ channel, after_id: 40 }),
      { ...all, results: all.results.slice(40) });
  }));

test('trimmed messages are not answered from memory',
  stack.logged(async () => {
    const channel = 'room-trimmed';
    for (let i = 0; i < 10; i += 1) await stack.post('a', 'b', { channel });
    for (let i = 0; i < 4; i += 1) await stack.get({ channel, limit: 10 });
    await stack.psql(`update pushlog.channel set first_id = 8
      where name = '${channel}'`);
    for (let i = 0; i < 4; i += 1) {
      assert.deepEqual(ids(await stack.get({ channel, limit: 10 })), [8, 9, 10]);
    }
  }));

test('messages of an earlier epoch are not answered from memory',
  stack.logged(async () => {
    const channel = 'room-epochs';
    const { epoch } = await stack.get({ channel });
    for (let i = 0; i < 3; i += 1) await stack.post('a', 'b', { channel });
    for (let i = 0; i < 4; i += 1) await stack.get({ channel, limit: 10 });
    // a snapshot is restored: the same ids belong to other messages
    await stack.psql(`delete from pushlog.event as e using pushlog.channel as c
        where c.id = e.channel_id and c.name = '${channel}';
      update pushlog.channel set last_id = 0 where name = '${channel}';
      select pushlog.new_epoch()`);
    for (const name of ['messages-fcgi', 'messages-fcgi-2']) {
      await stack.restarted(name, stack.kill(name));
    }
    await stack.isUp('/config.json');
    for (let i = 0; i < 3; i += 1) await stack.post('c', 'd', { channel });
    for (let i = 0; i < 4; i += 1) {
      const page = await stack.get({ channel, limit: 10 });
      assert.notEqual(page.epoch, epoch);
      assert.deepEqual(page.results.map(({ name }) => name), ['c', 'c', 'c']);
    }
  }));
