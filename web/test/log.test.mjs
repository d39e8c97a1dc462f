// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isMessage, MessageLog } from '../src/log.js';

const message = (id) => ({ id, name: 'Ada', text: `t${id}`, time: id });
const rows = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, at) => message(first + at));
const ids = (log) => log.items.map(({ id }) => id);

function loaded(first, last, more = {}) {
  const log = new MessageLog();
  log.addNewest(
    { results: rows(first, last), head: last, epoch: 'e', ...more });
  return log;
}

test('the first page sets the beginning and the end of the held range', () => {
  const log = loaded(51, 100, { has_more: true });
  assert.deepEqual([log.floor, log.cursor, log.hasOlder], [51, 100, true]);
  assert.equal(log.epoch, 'e');
});

test('an empty channel is loaded, and expects its first message', () => {
  const log = new MessageLog();
  assert.equal(log.isLoaded, false);
  log.addNewest({ results: [], head: 0, has_more: false });
  assert.equal(log.isLoaded, true);
  assert.equal(log.isAhead(message(1)), false);
  log.add(message(1));
  assert.deepEqual([ids(log), log.cursor, log.hasOlder], [[1], 1, false]);
});

test('messages are sorted by id, as numbers, each held once', () => {
  const log = loaded(8, 9);
  for (const id of [12, 10, 100, 12, 9, 11]) log.add(message(id));
  assert.deepEqual(ids(log), [8, 9, 10, 11, 12, 100]);
});

test('the cursor moves across ids without a hole, and no further', () => {
  const log = loaded(1, 5);
  log.add(message(8));
  assert.equal(log.cursor, 5);
  log.add(message(7));
  assert.equal(log.cursor, 5);
  log.add(message(6));
  assert.equal(log.cursor, 8);
});

test('a message past the next id is ahead', () => {
  const log = loaded(1, 5);
  assert.equal(log.isAhead(message(5)), false);
  assert.equal(log.isAhead(message(6)), false);
  assert.equal(log.isAhead(message(7)), true);
  assert.equal(new MessageLog().isAhead(message(7)), false);
});

test('pages close a hole while live messages arrive ahead of it', () => {
  const log = loaded(1, 2);
  log.add(message(9));
  assert.equal(log.addAfter({ results: rows(3, 5), head: 8, has_more: true }),
    true);
  assert.equal(log.cursor, 5);
  log.add(message(10));
  assert.equal(log.addAfter({ results: rows(6, 8), head: 8, has_more: false }),
    false);
  assert.deepEqual([ids(log), log.cursor],
    [rows(1, 10).map(({ id }) => id), 10]);
});

test('a complete answer covers its range up to head, or until', () => {
  const log = loaded(1, 2);
  log.addAfter({ results: [], head: 6, has_more: false });
  assert.equal(log.cursor, 6);
  log.addAfter({ results: [], head: 20, has_more: false }, 10);
  assert.equal(log.cursor, 10);
});

test('a closed range ends at its end, whatever has_more is', () => {
  const log = loaded(1, 2);
  const page = { results: rows(3, 4), head: 9, has_more: true };
  assert.equal(log.addAfter(page, 4), false);
  assert.equal(log.cursor, 4);
});

test('an empty page with has_more ends the requests', () => {
  const log = loaded(1, 2);
  assert.equal(log.addAfter({ results: [], head: 2, has_more: true }), false);
});

test('messages that arrived before the first page join it', () => {
  const log = new MessageLog();
  log.add(message(7));
  log.add(message(5));
  log.addNewest({ results: rows(1, 5), head: 5 });
  assert.deepEqual([ids(log), log.cursor], [[1, 2, 3, 4, 5, 7], 5]);
  log.add(message(6));
  assert.equal(log.cursor, 7);
});

test('ids below the first page are left to older pages', () => {
  const log = new MessageLog();
  log.add(message(3)); // the answer to a post, while others arrived
  log.addNewest({ results: rows(51, 60), head: 60, has_more: true });
  log.add(message(4)); // a post repeated, answered with the first one's
  assert.deepEqual(ids(log), rows(51, 60).map(({ id }) => id));
  log.addBefore({ results: rows(1, 50), has_more: false });
  assert.deepEqual(ids(log), rows(1, 60).map(({ id }) => id));
});

test('older pages lower the floor until none is left', () => {
  const log = loaded(51, 60, { has_more: true });
  log.addBefore({ results: rows(41, 50), has_more: true });
  assert.deepEqual([log.floor, log.hasOlder, log.cursor], [41, true, 60]);
  log.addBefore({ results: [], has_more: true });
  assert.deepEqual([log.floor, log.hasOlder], [41, false]);
});

test('a change makes a new array, no change keeps the old one', () => {
  const log = loaded(1, 3);
  const before = log.items;
  log.add(message(3));
  assert.equal(log.items, before);
  log.add(message(4));
  assert.notEqual(log.items, before);
  assert.equal(before.length, 3);
});

test('a malformed message is not held, and does not stop the cursor', () => {
  const log = loaded(1, 1);
  log.addAfter({ results: [message(2), { id: 3, event: 'x' }], head: 3 });
  assert.deepEqual([ids(log), log.cursor], [[1, 2], 3]);
});

test('reset forgets everything', () => {
  const log = loaded(1, 9, { has_more: true });
  log.reset();
  assert.deepEqual([log.items, log.isLoaded, log.epoch, log.hasOlder],
    [[], false, undefined, false]);
});

test('a message has an integer id, a name and a text', () => {
  assert.equal(isMessage(message(1)), true);
  for (const it of [null, undefined, 'x', {}, { ...message(1), id: '1' },
    { ...message(1), id: 1.5 }, { ...message(1), name: null },
    { ...message(1), text: undefined }]) {
    assert.equal(isMessage(it), false);
  }
});
