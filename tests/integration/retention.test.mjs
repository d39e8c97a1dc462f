// SPDX-License-Identifier: MIT
//
// The log is trimmed while it is written and read: no connected client notices,
// a client with an older cursor must start over, and nobody is left with
// a hole.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { append, envelope, eventText, publish, rows } from './log.mjs';
import { startRelay } from './relay.mjs';

const RETENTION = fileURLToPath(
  new URL('../../deploy/pushlog-retention', import.meta.url));
const KEPT = 25;
const POSTERS = 6;
const POSTS = 150; // each

const stack = await startStack();
after(() => stack.stop());

await stack.psql(`create role "pushlog-retention" login
  in role pushlog_trimmer`);

/** One run of deploy/pushlog-retention, as its timer would start it. */
async function retain(events) {
  const { stdout } = await promisify(execFile)(RETENTION, { env: {
    PATH: process.env.PATH,
    PUSHLOG_RETENTION_EVENTS: String(events),
    PUSHLOG_RETENTION_DATABASE:
      `host=${stack.sockets} dbname=pushlog user=pushlog-retention`,
  } });
  const [, removed, hidden] = stdout.match(/removed (\d+) rows, hid (\d+) /);
  return { removed: Number(removed), hidden: Number(hidden) };
}

const ids = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const numbered = (count) =>
  Array.from({ length: count }, (_, i) => ({ text: `text ${i}` }));

async function assertGone(channel, cursor, firstId) {
  const { status, headers, json } = await stack.request(
    `/messages?channel=${channel}&after_id=${cursor}`);
  assert.equal(status, 410);
  assert.equal(headers.get('Cache-Control'), 'no-store');
  assert.equal(json.first_id, firstId);
}

test('the log is trimmed under load, and no connected client notices',
  stack.logged(async (t) => {
    const channel = 'room-load';
    const stay = [
      new PusherFollower(stack, [channel]),
      new PusherFollower(stack, [channel]),
      ...ids(1, 4).map(() => new WireFollower(stack, [channel])),
    ];
    const wander = new WireFollower(stack, [channel]);
    wander.mayStartOver = true;
    const clients = [...stay, wander];
    t.after(() => clients.forEach((client) => client.close()));
    await Promise.all(clients.map((client) => client.connected()));

    let isPosting = true;
    let removed = 0;
    let runs = 0;
    const trimming = (async () => {
      while (isPosting) {
        removed += (await retain(KEPT)).removed;
        runs += 1;
        wander.sever();
      }
    })();
    await Promise.all(ids(1, POSTERS).map(async (poster) => {
      for (let i = 0; i < POSTS; i += 1) {
        await stack.post(`poster ${poster}`, `text ${i}`, { channel });
      }
    }));
    isPosting = false;
    await trimming;
    t.diagnostic(`${removed} rows removed in ${runs} runs`);
    assert.ok(removed > 0);

    const count = POSTERS * POSTS;
    for (const client of stay) {
      await client.holds(count, channel);
      assert.deepEqual(client.messages().map(({ id }) => id), ids(1, count));
      assert.deepEqual(client.wrong, []);
    }
    assert.ok(stay.every(({ connections }) => connections === 1));
    await until('the returning client is back', () =>
      wander.messages().at(-1)?.id === count);
    const held = wander.messages().map(({ id }) => id);
    assert.deepEqual(held, ids(held[0], count));
    assert.deepEqual(wander.wrong, []);

    await retain(KEPT);
    await retain(KEPT);
    assert.deepEqual((await rows(stack, channel)).map(({ id }) => id),
      ids(count - KEPT + 1, count));
    const { results, head, first_id: firstId } = await stack.get({ channel });
    assert.deepEqual([firstId, head], [count - KEPT + 1, count]);
    assert.deepEqual(results, await rows(stack, channel));
  }));

test('a reader from too far back gets 410 and starts over at first_id',
  stack.logged(async () => {
    const channel = 'room-back';
    await append(stack, channel, numbered(30));
    assert.equal((await stack.get({ channel, after_id: 9 })).results.length, 21);
    await retain(10);
    // hidden already, though the rows still exist
    for (const cursor of [1, 9, 19]) await assertGone(channel, cursor, 21);
    await retain(10);
    await assertGone(channel, 19, 21);
    // a cursor at the edge has lost nothing
    assert.deepEqual((await stack.get({ channel, after_id: 20 })).results,
      await rows(stack, channel, 21));
    const { results } = await stack.get({ channel });
    assert.deepEqual(results.map(({ id }) => id), ids(21, 30));
    // every row may be trimmed: then only the head is a valid cursor
    assert.equal(await stack.psql(`select t.hidden from pushlog.channel c,
      pushlog.trim(c.id - 1, null, 0) t where c.name = '${channel}'`), '10');
    assert.deepEqual((await stack.get({ channel })).results, []);
    await assertGone(channel, 29, 31);
    const row = await stack.post('Ada', 'after that', { channel });
    assert.equal(row.id, 31);
    assert.deepEqual((await stack.get({ channel, after_id: 30 })).results,
      [row]);
  }));

test('hidden rows still fill a hole; removed ones close with 4200',
  stack.logged(async (t) => {
    const channel = 'room-hole';
    const epoch = await stack.psql('select pushlog.epoch()');
    // a relay that never polls: every event is found through a hint
    const { socket } = await startRelay(stack,
      { PUSHLOG_HEAD_POLL_MS: '60000' });
    const client = new WireFollower(stack, [channel], socket);
    client.mayStartOver = true;
    const wire = await Wire.open(socket);
    t.after(() => Promise.all([client.close(), wire.close()]));
    await wire.subscribe(channel);
    await client.connected();

    const missed = await append(stack, channel, numbered(10));
    await retain(2);
    await publish(stack, channel, envelope(epoch, channel, missed[9]));
    for (const row of missed) {
      assert.equal(await wire.nextText(), eventText(channel, row));
    }
    await client.holds(10);
    assert.deepEqual(client.startsOver, []);

    // the first half of the hole is removed, and the second half exists
    const more = await append(stack, channel, numbered(10));
    await retain(5);
    await retain(5);
    await publish(stack, channel, envelope(epoch, channel, more[9]));
    assert.deepEqual(await wire.closed(),
      { code: 4200, reason: 'History trimmed: start over' });
    assert.equal(wire.texts.length, 2 + 10); // of the hole, nothing

    // the other client reconnects, learns it from GET, and is complete again
    await client.connected(2);
    await until('it starts over', () => client.messages().length === 5);
    assert.deepEqual(client.startsOver, [410]);
    assert.deepEqual(client.messages(), await rows(stack, channel));
    const row = await stack.post('Ada', 'and on', { channel });
    await client.holds(6);
    assert.deepEqual(client.messages().at(-1), row);
    assert.deepEqual(client.wrong, []);
  }));

test('a trimmed closed range is served by caches only',
  stack.logged(async () => {
    const channel = 'room-closed';
    await append(stack, channel, numbered(10));
    const { epoch } = await stack.get({ channel });
    const query = { channel, after_id: 2, until_id: 6, epoch };
    const target = `/messages?${new URLSearchParams(query)}`;
    const before = await stack.request(target);
    assert.equal(before.headers.get('Cache-Control'), 'public, max-age=3600');
    await retain(3);
    assert.equal((await stack.request(target)).status, 410);
    // caches do not keep a range that a trimmed log can't answer completely
    const open = await stack.request(`/messages?${new URLSearchParams({
      channel, after_id: 0, until_id: 8, epoch })}`);
    assert.equal(open.status, 200);
    assert.equal(open.headers.get('Cache-Control'), 'no-cache');
  }));
