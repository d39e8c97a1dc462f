// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { catchUp, FIRST_PAGE, loadOlder, PAGE } from '../src/backfill.js';
import { StartOver } from '../src/http.js';
import { MessageLog } from '../src/log.js';

// GET /messages as API.md describes it, over a channel of this many messages.
class Server {
  constructor(head, epoch = 'e1') {
    Object.assign(this, { head, epoch, asked: [], failures: [] });
  }

  get = async (query) => {
    this.asked.push(query);
    const failure = this.failures.shift();
    if (failure) throw failure;
    const { after_id: after, until_id: until, before_id: before, limit } =
      query;
    if (after > this.head) throw new StartOver('above the head');
    if (query.epoch && query.epoch !== this.epoch) throw new StartOver('epoch');
    const all = [];
    for (let id = 1; id <= this.head; id += 1) {
      if (id > (after ?? 0) && id <= (until ?? id) && id < (before ?? id + 1)) {
        all.push({ id, name: 'Ada', text: `${this.epoch}`, time: id });
      }
    }
    const results =
      after === undefined ? all.slice(-limit) : all.slice(0, limit);
    return { results, head: this.head, first_id: 1, epoch: this.epoch,
      has_more: results.length < all.length };
  };
}

function setUp(head, more = {}) {
  const server = new Server(head);
  const log = new MessageLog();
  const paused = [];
  const options = {
    get: server.get,
    log,
    pause: async (attempt) => { paused.push(attempt); },
    isOver: () => false,
    onPage: () => {},
    ...more,
  };
  return { server, log, paused, options };
}

function assertHolds(log, first, last) {
  assert.deepEqual(log.items.map(({ id }) => id),
    Array.from({ length: last - first + 1 }, (_, at) => first + at));
  assert.equal(log.cursor, last);
}

test('the first load shows the newest messages', async () => {
  const { server, log, options } = setUp(120);
  await catchUp({ ...options, base: 120, epoch: 'e1' });
  assertHolds(log, 121 - FIRST_PAGE, 120);
  assert.equal(log.hasOlder, true);
  assert.deepEqual(server.asked, [{ limit: FIRST_PAGE }]);
});

test('a reconnect requests the range up to base, page by page', async () => {
  const { server, log, options } = setUp(10);
  await catchUp(options);
  server.head = 10 + PAGE + 5;
  const base = 10 + PAGE + 3;
  await catchUp({ ...options, base, epoch: 'e1' });
  assertHolds(log, 1, base);
  assert.deepEqual(server.asked.slice(1), [
    { after_id: 10, until_id: base, epoch: 'e1', limit: PAGE },
    { after_id: 10 + PAGE, until_id: base, epoch: 'e1', limit: PAGE },
  ]);
});

test('a plain success is backfilled up to the head', async () => {
  const { server, log, options } = setUp(3);
  await catchUp(options);
  server.head = 2 * PAGE + 9;
  await catchUp(options);
  assertHolds(log, 1, 2 * PAGE + 9);
  assert.equal(server.asked.at(-1).until_id, undefined);
});

test('nothing is requested when base is held already', async () => {
  const { server, options } = setUp(3);
  await catchUp(options);
  await catchUp({ ...options, base: 3, epoch: 'e1' });
  assert.equal(server.asked.length, 1);
});

test('a base below the held messages is checked, not trusted', async () => {
  const { server, log, options } = setUp(9);
  await catchUp(options);
  server.head = 4; // a restore that nobody told of
  await catchUp({ ...options, base: 4, epoch: 'e1' });
  assertHolds(log, 1, 4);
});

test('another epoch starts over', async () => {
  const { server, log, options } = setUp(9);
  await catchUp({ ...options, base: 9, epoch: 'e1' });
  server.epoch = 'e2';
  await catchUp({ ...options, base: 9, epoch: 'e2' });
  assertHolds(log, 1, 9);
  assert.equal(log.epoch, 'e2');
  assert.equal(log.items[0].text, 'e2');
});

test('another epoch in a plain answer starts over', async () => {
  const { server, log, options } = setUp(9);
  await catchUp(options);
  server.epoch = 'e2';
  server.head = 12;
  const get = ({ epoch, ...query }) => server.get(query);
  await catchUp({ ...options, get });
  assertHolds(log, 1, 12);
  assert.equal(log.items[0].text, 'e2');
});

test('409 and 410 start over from the newest', async () => {
  const { server, log, options } = setUp(9);
  await catchUp(options);
  server.head = 400;
  server.failures = [new StartOver('410')];
  await catchUp({ ...options, base: 400 });
  assertHolds(log, 401 - FIRST_PAGE, 400);
});

test('failing requests are repeated, with growing delays', async () => {
  const { server, log, options, paused } = setUp(5);
  server.failures = [new Error('503'), new Error('503'), new Error('network')];
  await catchUp({ ...options, base: 5 });
  assertHolds(log, 1, 5);
  assert.deepEqual(paused, [0, 1, 2]);
});

test('live messages that arrive meanwhile are merged', async () => {
  const { server, log, options } = setUp(4);
  await catchUp(options);
  server.head = 8;
  const get = async (query) => {
    log.add({ id: 9, name: 'Ada', text: 'live', time: 9 });
    log.add({ id: 7, name: 'Ada', text: 'live', time: 7 });
    return server.get(query);
  };
  await catchUp({ ...options, get, base: 8, epoch: 'e1' });
  assertHolds(log, 1, 9);
});

test('an answer that is no longer awaited is dropped', async () => {
  const { server, log, options } = setUp(4);
  let isOver = false;
  const get = async (query) => {
    isOver = true;
    return server.get(query);
  };
  await catchUp({ ...options, get, isOver: () => isOver });
  assert.equal(log.isLoaded, false);
  assert.equal(server.asked.length, 1);
});

test('a first page older than base is followed by the rest', async () => {
  const { server, log, options } = setUp(4);
  const get = async (query) => {
    const page = await server.get(query);
    server.head = 6;
    return page;
  };
  await catchUp({ ...options, get, base: 6, epoch: 'e1' });
  assertHolds(log, 1, 6);
});

test('older messages load in pages below the floor', async () => {
  const { log, options } = setUp(120);
  await catchUp(options);
  while (log.hasOlder) await loadOlder(options);
  assertHolds(log, 1, 120);
});
