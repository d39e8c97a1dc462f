// SPDX-License-Identifier: MIT
//
// Redis carries hints and the log is the truth: whatever Redis does, and while
// PostgreSQL is unavailable, a connected subscriber gets every event once, in
// order.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { WireFollower } from './follower.mjs';
import {
  append, appendMany, envelope, eventText, publish, rows, trim,
} from './log.mjs';
import { between, random } from './random.mjs';
import { startRelay } from './relay.mjs';

const POST_TIMEOUT_MS = 1500;
// "At once" on a busy machine.
const SOON_MS = 3000;

const stack = await startStack({ env: {
  PUSHLOG_POST_TIMEOUT_MS: String(POST_TIMEOUT_MS),
} });
after(() => stack.stop());

// A relay that never polls: every event is found through a hint.
const hinted = await startRelay(stack, {
  PUSHLOG_HEAD_POLL_MS: '60000', PUSHLOG_STASH_MAX_BYTES: '65536' });

let epoch = await stack.psql('select pushlog.epoch()');
let channels = 0;

/** A test with a channel of its own. */
function healingTest(name, fn) {
  test(name, stack.logged((t) => fn(`room-${channels += 1}`, t)));
}

async function subscriber(t, at, channel) {
  const wire = await Wire.open(at);
  t.after(() => wire.close());
  await wire.subscribe(channel);
  return wire;
}

/** These rows arrive next, byte for byte, and nothing else. */
async function receives(wire, channel, expected, deadlineMs) {
  for (const row of expected) {
    assert.equal(await wire.nextText(`event ${row.id}`, deadlineMs),
      eventText(channel, row));
  }
  await wire.silent();
}

const numbered = (count, more = {}) =>
  Array.from({ length: count }, (_, i) => ({ text: `text ${i}`, ...more }));

// --- Redis loses, repeats and reorders ---

healingTest('events that Redis never carried arrive by themselves',
  async (channel, t) => {
  const wire = await subscriber(t, stack, channel);
  for (const count of [1, 3]) {
    const lost = await append(stack, channel, numbered(count));
    await receives(wire, channel, lost, SOON_MS);
  }
});

healingTest('lost events are read before later ones are delivered',
  async (channel, t) => {
  const wire = await subscriber(t, hinted.socket, channel);
  const all = await append(stack, channel, numbered(5));
  await wire.silent();
  await publish(stack, channel, envelope(epoch, channel, all[4]));
  await receives(wire, channel, all);
});

healingTest('an event that overtakes another is held until that arrives',
  async (channel, t) => {
  const slow = await startRelay(stack, {
    PUSHLOG_HEAD_POLL_MS: '60000', PUSHLOG_HOLE_WAIT_MS: '10000' });
  const wire = await subscriber(t, slow.socket, channel);
  const all = await append(stack, channel, numbered(3));
  for (const i of [2, 1]) {
    await publish(stack, channel, envelope(epoch, channel, all[i]));
  }
  await wire.silent();
  await publish(stack, channel, envelope(epoch, channel, all[0]));
  await receives(wire, channel, all); // long before the log would be asked
});

healingTest('any order, duplicates and holes: each event once, in order',
  async (channel, t) => {
    const { rng, seed } = random();
    t.diagnostic(`seed ${seed}`);
    const wires = [await subscriber(t, hinted.socket, channel),
      await subscriber(t, stack, channel)];
    for (let round = 0; round < 10; round += 1) {
      const all = await append(stack, channel, numbered(between(rng, 1, 20)));
      const sent = all.flatMap((row) =>
        Array(between(rng, 0, 2)).fill(row));
      sent.push(all.at(-1)); // without it nobody hears of the end
      for (let i = sent.length - 1; i > 0; i -= 1) {
        const j = between(rng, 0, i);
        [sent[i], sent[j]] = [sent[j], sent[i]];
      }
      for (const row of sent) {
        await publish(stack, channel, envelope(epoch, channel, row));
      }
      for (const wire of wires) await receives(wire, channel, all);
    }
  });

healingTest("events beyond the stash's limit are read again",
  async (channel, t) => {
  const wire = await subscriber(t, hinted.socket, channel);
  await appendMany(stack, channel, 300, 1000); // well over the limit
  const all = await rows(stack, channel);
  for (const row of all.slice(1)) {
    await publish(stack, channel, envelope(epoch, channel, row));
  }
  await receives(wire, channel, all);
});

healingTest('a long hole is read in pages', async (channel, t) => {
  const wire = await subscriber(t, stack, channel);
  await appendMany(stack, channel, 5000);
  await receives(wire, channel, await rows(stack, channel));
});

healingTest('an envelope of another version is a hint', async (channel, t) => {
  const wire = await subscriber(t, hinted.socket, channel);
  for (const header of ['2 whatever this means', '9999 - 0 -']) {
    const row = await append(stack, channel, numbered(1));
    await wire.silent();
    await publish(stack, channel, `${header}\n{"event":"new_message"}`);
    await receives(wire, channel, row);
  }
});

healingTest('garbage in Redis harms no subscriber', async (channel, t) => {
  const wire = await subscriber(t, hinted.socket, channel);
  const event = '{"event":"new_message","data":"forged"}';
  for (const payload of ['', '\n', ' ', 'garbage', '1', `1\n${event}`,
    `2\n${event}`, `1 \n${event}`, `1 ${epoch} 1\n${event}`, `1 ${epoch} x -\n${event}`,
    `1 ${epoch} -1 -\n${event}`, `1 ${epoch} 1 - -\n${event}`,
    `1  1 -\n${event}`, `1 - 1 -\n${event}`, `1 ${epoch} 0 -\n${event}`,
    `1 ${epoch} 99999999999999999999 -\n${event}`, `x ${epoch} 1 -\n${event}`,
    `-1 ${epoch} 1 -\n${event}`, Buffer.from([0, 1, 2, 0xff, 0xfe]),
    Buffer.alloc(1_000_000, 'x'), `${' '.repeat(5000)}\n${event}`]) {
    assert.notEqual(await publish(stack, channel, payload), 0);
  }
  await wire.silent();
  const all = await append(stack, channel, numbered(1));
  await publish(stack, channel, envelope(epoch, channel, all[0]));
  await receives(wire, channel, all);
});

healingTest('an event of another epoch is not trusted', async (channel, t) => {
  const wire = await subscriber(t, hinted.socket, channel);
  const forged = { id: 1, name: 'Eve', text: 'of another life', time: 1 };
  await publish(stack, channel, envelope('0000000000000000', channel, forged));
  await wire.silent();
  const all = await append(stack, channel, numbered(1));
  await publish(stack, channel, envelope(epoch, channel, all[0]));
  await receives(wire, channel, all);
});

healingTest('an id that the log does not have is not waited for',
  async (channel, t) => {
    const wire = await subscriber(t, stack, channel);
    const forged = { id: 100, name: 'Eve', text: 'from the future', time: 1 };
    await publish(stack, channel, envelope(epoch, channel, forged));
    for (let i = 0; i < 3; i += 1) {
      const row = await stack.post('Ada', `real ${i}`, { channel });
      await receives(wire, channel, [row]);
    }
    const lost = await append(stack, channel, numbered(3));
    await receives(wire, channel, lost);
  });

healingTest('a Redis that disconnects its subscribers costs nothing',
  async (channel, t) => {
    const client = new WireFollower(stack, [channel]);
    t.after(() => client.close());
    await client.connected();
    for (let i = 0; i < 100; i += 1) {
      await stack.post('Ada', `text ${i}`, { channel });
      if (i % 20 === 10) {
        await stack.redis(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      }
    }
    await client.holds(100);
    assert.equal(client.pushed, 100);
    assert.deepEqual(client.wrong, []);
    assert.deepEqual(client.ends, []);
  });

// --- exclusion ---

healingTest('the excluded socket gets nothing, live or healed',
  async (channel, t) => {
    const sender = await subscriber(t, hinted.socket, channel);
    const other = await subscriber(t, hinted.socket, channel);
    const exclude = sender.socketId;
    const own = await append(stack, channel, numbered(4, { exclude }));
    const [last] = await append(stack, channel, numbered(1));

    // the first live, the next two from the log, one more live
    await publish(stack, channel, envelope(epoch, channel, own[0], exclude));
    await receives(other, channel, [own[0]]);
    await publish(stack, channel, envelope(epoch, channel, own[3], exclude));
    await receives(other, channel, own.slice(1));
    await sender.silent();
    await publish(stack, channel, envelope(epoch, channel, last));
    await receives(sender, channel, [last]);
    await receives(other, channel, [last]);
  });

// --- unavailable servers ---

healingTest('without Redis every event still arrives', async (channel, t) => {
  const wire = await subscriber(t, stack, channel);
  await stack.hold('redis');
  t.after(() => stack.release('redis').catch(() => {}));
  for (let i = 0; i < 5; i += 1) {
    const sentAt = Date.now();
    const row = await stack.post('Ada', `without Redis ${i}`, { channel });
    const answeredAt = Date.now();
    assert.ok(answeredAt - sentAt < 1000,
      `the post took ${answeredAt - sentAt} ms`);
    await receives(wire, channel, [row], SOON_MS);
  }
  // a channel with subscribers, and one without
  for (const name of [channel, `${channel}-new`]) {
    const late = await Wire.open(stack);
    t.after(() => late.close());
    const { base } = await late.subscribe(name, { deadlineMs: SOON_MS });
    assert.equal(base, name === channel ? 5 : 0);
    const row = await stack.post('Ada', 'to the late one', { channel: name });
    await receives(late, name, [row], SOON_MS);
    if (name === channel) await receives(wire, channel, [row], SOON_MS);
  }
  await stack.release('redis');
  await until('the relay subscribes again', async () => {
    const answer = await stack.redis(
      ['PUBSUB', 'NUMSUB', `pushlog:1:${channel}`]);
    return Number(answer.split('\n')[1]) > 0;
  });
  for (let i = 0; i < 5; i += 1) {
    const row = await stack.post('Ada', `with Redis ${i}`, { channel });
    await receives(wire, channel, [row]);
  }
});

healingTest('without PostgreSQL nothing is lost but time',
  async (channel, t) => {
    const plain = 'not-on-the-list';
    const impatient = await startRelay(stack,
      { PUSHLOG_SUBSCRIBE_TIMEOUT_MS: '1000' });
    const wire = await subscriber(t, stack, channel);
    const follower = await subscriber(t, impatient.socket, channel);
    const row = await stack.post('Ada', 'before', { channel });
    for (const each of [wire, follower]) await receives(each, channel, [row]);

    await stack.hold('postgres');
    t.after(() => stack.release('postgres').catch(() => {}));

    // posts and reads are refused, with a time to retry
    const sentAt = Date.now();
    const post = await stack.request('/messages', { method: 'POST',
      body: new URLSearchParams({ name: 'Ada', text: 'lost', channel }) });
    assert.ok(Date.now() - sentAt < POST_TIMEOUT_MS + 2000);
    const get = await stack.request(`/messages?channel=${channel}`);
    for (const { status, headers, json } of [post, get]) {
      assert.equal(status, 503);
      assert.match(headers.get('Retry-After'), /^\d+$/);
      assert.match(headers.get('Content-Type'),
        /^application\/problem\+json(;|$)/);
      assert.equal(headers.get('Cache-Control'), 'no-store');
      assert.equal(json.status, 503);
      assert.ok(json.title && json.detail);
    }

    // subscribers stay connected; channels without a log work
    for (const each of [wire, follower]) {
      await each.silent();
      await each.subscribe(plain);
    }
    // joining a channel that a worker follows already needs no read
    const second = await subscriber(t, impatient.socket, channel);
    // a new channel waits, and then its subscriber is closed
    const late = await Wire.open(impatient.socket);
    late.send({ event: 'pusher:subscribe', data: { channel: `${channel}-a` } });
    // or is served when PostgreSQL is back
    const patient = await Wire.open(stack);
    t.after(() => patient.close());
    const waiting = patient.subscribe(`${channel}-b`,
      { deadlineMs: 20_000 });
    assert.deepEqual(await late.closed(),
      { code: 4100, reason: 'History unavailable: reconnect' });
    assert.equal(late.texts.length, 1); // nothing but connection_established

    await stack.release('postgres');
    assert.equal((await waiting).base, 0);
    const then = await until('posts are accepted', () =>
      stack.post('Ada', 'after', { channel }));
    // refused posts were not stored
    assert.equal(then.id, row.id + 1);
    for (const each of [wire, follower, second]) {
      await receives(each, channel, [then]);
    }
  });

healingTest('a locked channel does not delay others', async (channel, t) => {
  const free = `${channel}-free`;
  await stack.post('Ada', 'before', { channel });
  const lock = await lockRow(stack, channel);
  t.after(() => lock.close());
  // in one batch with posts to the free channel, again and again
  const waiting = Array.from({ length: 4 }, () => stack.request('/messages',
    { method: 'POST',
      body: new URLSearchParams({ name: 'Ada', text: 'waits', channel }) }));
  const began = Date.now();
  const posters = Array.from({ length: 4 }, async () => {
    for (let i = 0; i < 25; i += 1) {
      // the post deadline is short here, and the machine may be busy
      await until('a post beside it is stored', () =>
        stack.post('Ada', `text ${i}`, { channel: free }));
    }
  });
  await Promise.all(posters);
  t.diagnostic(`100 posts beside it in ${Date.now() - began} ms`);
  for (const { status, headers } of await Promise.all(waiting)) {
    assert.equal(status, 503);
    assert.match(headers.get('Retry-After'), /^\d+$/);
  }
  lock.close();
  const row = await until('posts are accepted again', () =>
    stack.post('Ada', 'after', { channel }));
  assert.equal(row.id, 2); // what was refused was not stored
});

healingTest('posts repeated with their key are stored once, whatever died',
  async (channel, t) => {
    const client = new WireFollower(stack, [channel]);
    t.after(() => client.close());
    await client.connected();
    const count = 60;
    let answered = 0;
    const post = async (number) => {
      const options = { channel, key: `${channel} ${number}` };
      const row = await until(`post ${number} is stored`,
        () => stack.post('Ada', `number ${number}`, options), 30_000);
      answered += 1;
      assert.equal(row.text, `number ${number}`);
      return row.id;
    };
    const poster = async (first) => {
      const ids = [];
      for (let number = first; number < count; number += 6) {
        ids.push(await post(number));
      }
      return ids;
    };
    const posters = [0, 1, 2, 3, 4, 5].map(poster);
    for (const [name, at] of [['messages-fcgi', 10], ['postgres', 25]]) {
      await until(`${at} are answered`, () => answered >= at);
      await stack.restarted(name, stack.kill(name));
    }
    const ids = (await Promise.all(posters)).flat();
    assert.deepEqual(ids.sort((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i + 1));
    assert.equal((await rows(stack, channel)).length, count);
    await client.holds(count);
    assert.deepEqual(client.messages(), await rows(stack, channel));
    assert.deepEqual(client.wrong, []);
    assert.deepEqual(client.ends, []); // it was never sent away
  });

// --- starting over ---

healingTest('a log trimmed before delivery closes subscribers instead of ' +
  'skipping',
  async (channel, t) => {
    const wire = await Wire.open(hinted.socket);
    t.after(() => wire.close());
    await wire.subscribe(channel);
    const all = await append(stack, channel, numbered(10));
    await trim(stack, channel, 6);
    await publish(stack, channel, envelope(epoch, channel, all[9]));
    assert.deepEqual(await wire.closed(),
      { code: 4200, reason: 'History trimmed: start over' });
    assert.equal(wire.texts.length, 2); // connected, subscribed, no event
    // new subscribers start from the head
    const again = await Wire.open(hinted.socket);
    t.after(() => again.close());
    assert.equal((await again.subscribe(channel)).base, 10);
    // trimming events that were delivered closes nobody
    await trim(stack, channel, 11);
    const [row] = await append(stack, channel, numbered(1));
    await publish(stack, channel, envelope(epoch, channel, row));
    await receives(again, channel, [row]);
  });

healingTest('another epoch closes with 4200, and GET answers 409',
  async (channel, t) => {
    const wire = await Wire.open(stack);
    t.after(() => wire.close());
    const plain = await Wire.open(stack);
    t.after(() => plain.close());
    await plain.subscribe('not-on-the-list');
    assert.equal((await wire.subscribe(channel)).epoch, epoch);
    const old = epoch;
    epoch = await stack.psql('select pushlog.new_epoch()');
    assert.notEqual(epoch, old);
    assert.deepEqual(await wire.closed(),
      { code: 4200, reason: 'Epoch changed: start over' });
    assert.equal(wire.texts.length, 2);
    await until('GET refuses the old epoch', async () =>
      (await stack.request(`/messages?channel=${channel}&epoch=${old}`))
        .status === 409);
    const again = await Wire.open(stack);
    t.after(() => again.close());
    assert.equal((await again.subscribe(channel)).epoch, epoch);
    const row = await stack.post('Ada', 'in the new life', { channel });
    await receives(again, channel, [row]);
    await plain.silent(); // who has no history has nothing to start over
  });
