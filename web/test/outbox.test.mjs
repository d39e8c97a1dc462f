// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';

import { Refused } from '../src/http.js';
import { Outbox } from '../src/outbox.js';

globalThis.crypto ??= webcrypto; // not global in every Node 18

class Storage {
  #map = new Map();
  getItem = (key) => this.#map.get(key) ?? null;
  setItem = (key, value) => { this.#map.set(key, value); };
}

// answers: the result of each send, an Error or a stored message; then messages
function setUp(answers = [], storage = new Storage()) {
  const seen = { sent: [], stored: [], paused: [] };
  const outbox = new Outbox({
    send: async (entry) => {
      seen.sent.push(entry);
      const answer = answers.shift() ?? { id: seen.sent.length };
      if (answer instanceof Error) throw answer;
      return answer;
    },
    storage,
    pause: async (attempt) => { seen.paused.push(attempt); },
    onChange: () => {},
    onStored: (message) => { seen.stored.push(message); },
  });
  return { outbox, seen, storage };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a message leaves when it is stored', async () => {
  const { outbox, seen } = setUp();
  outbox.add('Ada', 'hello');
  assert.equal(outbox.entries[0].state, 'sending');
  await settled();
  assert.deepEqual([outbox.entries, seen.stored], [[], [{ id: 1 }]]);
});

test('network failures and 5xx are retried with the same key', async () => {
  const { outbox, seen } = setUp(
    [new Error('network'), new Refused(503, 'away'), new Refused(429, 'slow')]);
  outbox.add('Ada', 'hello');
  await settled();
  assert.equal(seen.sent.length, 4);
  assert.equal(new Set(seen.sent.map(({ key }) => key)).size, 1);
  assert.deepEqual(seen.paused, [0, 1, 2]);
  assert.deepEqual(outbox.entries, []);
});

test('a refused message stays, with the reason, until its author decides',
  async () => {
    const { outbox, seen } = setUp([new Refused(413, 'text is too large')]);
    outbox.add('Ada', 'long');
    outbox.add('Ada', 'short');
    await settled();
    const [entry] = outbox.entries;
    assert.deepEqual(
      [outbox.entries.length, entry.text, entry.state, entry.reason],
      [1, 'long', 'refused', 'text is too large']);
    assert.equal(seen.stored.length, 1); // it does not hold up the others
    outbox.retry(entry.key);
    await settled();
    assert.deepEqual(outbox.entries, []);
    assert.equal(seen.sent[0].key, seen.sent.at(-1).key);
  });

test('discard removes one entry', async () => {
  const { outbox } = setUp([new Refused(400, 'no')]);
  outbox.add('Ada', 'x');
  await settled();
  outbox.discard(outbox.entries[0].key);
  assert.deepEqual(outbox.entries, []);
});

test('messages are sent in the order of writing', async () => {
  const { outbox, seen } = setUp([new Error('network')]);
  for (const text of ['1', '2', '3']) outbox.add('Ada', text);
  await settled();
  assert.deepEqual(seen.sent.map(({ text }) => text), ['1', '1', '2', '3']);
});

test('every message has a key of its own', async () => {
  const { outbox, seen } = setUp();
  for (let at = 0; at < 100; at += 1) outbox.add('Ada', 'same');
  await settled();
  const keys = new Set(seen.sent.map(({ key }) => key));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});

test('unsent messages survive a reload, with their keys', async () => {
  const never = new Promise(() => {});
  const first = setUp([never]);
  first.outbox.add('Ada', 'hello');
  const [{ key }] = first.outbox.entries;

  const second = setUp([], first.storage);
  assert.equal(second.outbox.entries[0].text, 'hello');
  await second.outbox.run();
  assert.deepEqual(second.seen.sent.map((it) => it.key), [key]);

  const third = setUp([], first.storage);
  assert.deepEqual(third.outbox.entries, []);
});

test('a storage with foreign contents counts as empty', () => {
  const storage = new Storage();
  storage.setItem('pushlog.outbox', '{nonsense');
  assert.deepEqual(setUp([], storage).outbox.entries, []);
});
