// SPDX-License-Identifier: MIT
//
// A client that does not read is closed, alone, with 4100. The others notice
// nothing, and it gets the missed events when it reconnects. A client that
// reads is not closed, whatever the burst.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { appendMany, eventText, publish } from './log.mjs';
import { metrics, opsSocket } from './ops.mjs';
import { decodeFrames, frame, openRaw } from './raw.mjs';

const CHANNEL = 'messages';
const TEXT = 'x'.repeat(8000);
// More than any queue, and all that kernel and nginx buffer in between.
const POSTS_MAX = 3000;
const BURST = 150;
const QUEUE_MAX_BYTES = 131_072;
const MOMENT_MAX_BYTES = 16 * QUEUE_MAX_BYTES; // what may wait for a moment
const CLOSE = 8;

const stack = await startStack({ env: {
  PUSHLOG_QUEUE_MAX_BYTES: String(QUEUE_MAX_BYTES),
} });
after(() => stack.stop());

/** Subscribes, by hand, and then stops reading. */
async function openDeaf(at) {
  const raw = await openRaw(at);
  raw.write(frame(0x81, JSON.stringify(
    { event: 'pusher:subscribe', data: { channel: CHANNEL } })));
  const [, base] = await raw.has(/subscription_succeeded.*?"base\\":(\d+)/);
  raw.socket.pause();
  return { raw, base: Number(base) };
}

const closedAsSlow = () => stack.log('relay')
  .filter((line) => line.includes('cause=slow code=4100'));

for (const [way, at] of [
  ['at the relay', () => `${stack.sockets}/relay.sock`],
  ['behind nginx', () => stack],
]) {
  test(`a slow consumer ${way} is closed alone, and backfills`,
    stack.logged(async (t) => {
      const others = [
        ...Array.from({ length: 4 }, () => new WireFollower(stack, [CHANNEL])),
        ...Array.from({ length: 4 }, () =>
          new PusherFollower(stack, [CHANNEL])),
      ];
      t.after(() => others.forEach((client) => client.close()));
      await Promise.all(others.map((client) => client.connected()));
      const { raw, base } = await openDeaf(at());
      t.after(() => raw.socket.destroy());

      const before = closedAsSlow().length;
      let head = base;
      while (closedAsSlow().length === before) {
        assert.ok(head - base < POSTS_MAX, 'it was never closed');
        head = (await stack.post('Ada', TEXT)).id;
      }
      for (let i = 0; i < 20; i += 1) {
        head = (await stack.post('Ada', `afterwards ${i}`)).id;
      }

      // it finally reads events without a hole, then the Close frame
      raw.socket.resume();
      const frames = decodeFrames(await raw.end());
      const { results } = await stack.get({ after_id: base });
      const last = frames.pop();
      assert.equal(last.opcode, CLOSE);
      assert.equal(last.payload.readUInt16BE(0), 4100);
      assert.equal(last.payload.toString('utf8', 2),
        'Too slow: reconnect and backfill');
      const events = frames.map(({ payload }) => payload.toString())
        .filter((text) => text.includes('"new_message"'));
      assert.ok(events.length < head - base);
      assert.deepEqual(events,
        results.slice(0, events.length).map((row) => eventText(CHANNEL, row)));

      // the rest is in the history
      const rest = await stack.get({ after_id: base + events.length });
      assert.deepEqual(rest.results, results.slice(events.length));
      assert.equal(rest.results.at(-1).id, head);

      // and no other client was disturbed
      for (const client of others) {
        await client.holds(head);
        assert.deepEqual(client.messages().slice(base), results);
        assert.deepEqual(client.wrong, []);
        assert.equal(client.connections, 1);
      }
      assert.equal(closedAsSlow().length, before + 1);
    }));
}

/**
 * A client at the relay that reads nothing; resolves to the queue's length when
 * it was closed.
 */
async function queueAtClose(t, fill) {
  const { raw } = await openDeaf(`${stack.sockets}/relay.sock`);
  t.after(() => raw.socket.destroy());
  const before = closedAsSlow().length;
  await fill();
  await until('it is closed', async () => { // when something else comes
    await stack.post('Ada', 'and on');
    return closedAsSlow().length > before;
  });
  return Number(closedAsSlow().at(-1).match(/ queue=(\d+)B$/)[1]);
}

// Larger than the soft limit; the second one comes after its time.
const large = { wire: undefined,
  async comes() {
    await publish(stack, 'plain', `1 - 0 -\n${JSON.stringify({ event: 'large',
      channel: 'plain', data: 'x'.repeat(2 * QUEUE_MAX_BYTES) })}`);
    await this.wire.next('large');
  } };

test('a large event closes no client that reads', stack.logged(async () => {
  large.wire = await Wire.open(stack);
  await large.wire.subscribe('plain');
  await large.comes();
}));

test('a queue above the soft limit is closed after its time',
  stack.logged(async (t) => {
    const waiting = async () => (await metrics(opsSocket(stack, 'relay')))
      .get('pushlog_relay_queue_bytes');
    const queue = await queueAtClose(t, async () => {
      while (await waiting() <= QUEUE_MAX_BYTES) await stack.post('Ada', TEXT);
    });
    assert.ok(queue > QUEUE_MAX_BYTES && queue < MOMENT_MAX_BYTES, `${queue} B`);
  }));

test("the soft limit's time starts again for a later queue",
  stack.logged(async () => {
  await large.comes();
  await large.wire.close();
}));

test('a queue above the hard limit is closed at once',
  stack.logged(async (t) => {
    const queue = await queueAtClose(t, () => appendMany(stack, CHANNEL,
      Math.ceil(2 * MOMENT_MAX_BYTES / TEXT.length), TEXT.length));
    assert.ok(queue < MOMENT_MAX_BYTES + 2 * TEXT.length, `${queue} B`);
  }));

test('a burst closes no client that reads', stack.logged(async (t) => {
  const readers = [new WireFollower(stack, [CHANNEL]),
    new PusherFollower(stack, [CHANNEL])];
  t.after(() => readers.forEach((client) => client.close()));
  await Promise.all(readers.map((client) => client.connected()));
  const before = closedAsSlow().length;
  // more than the soft limit: through Redis to workers that were stalled, and
  // at once from the log
  const workers = stack.workers();
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  for (let i = 0; i < BURST; i += 1) await stack.post('Ada', TEXT);
  for (const pid of workers) process.kill(pid, 'SIGCONT');
  const { head } = await stack.get({ limit: 1 });
  for (const client of readers) await client.holds(head);
  await appendMany(stack, CHANNEL, BURST, TEXT.length);
  for (const client of readers) {
    await client.holds(head + BURST);
    assert.deepEqual(client.wrong, []);
    assert.equal(client.connections, 1);
  }
  assert.equal(closedAsSlow().length, before);
}));

test('a returning client gets all that it missed',
  stack.logged(async (t) => {
    const client = new WireFollower(stack, [CHANNEL]);
    t.after(() => client.close());
    await client.connected();
    const before = closedAsSlow().length;
    client.socket.pause();
    while (closedAsSlow().length === before) await stack.post('Ada', TEXT);
    client.socket.resume();
    await client.connected(2);
    assert.equal(client.ends[0].code, 4100);
    const { results, head } = await stack.get();
    await client.holds(head);
    assert.deepEqual(client.messages(), results);
    assert.deepEqual(client.wrong, []);
  }));
