// SPDX-License-Identifier: MIT
//
// The promise of Pushlog, with clients that connect and disconnect all the
// time: each client ends with ids 1 … n in order, each once, byte-equal to the
// log.

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startStack } from '../stack.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { rows } from './log.mjs';
import { between, random, randomText } from './random.mjs';

const CHANNELS = ['messages', 'room-1', 'room-2'];
const PUSHERS = 25;
const WIRES = 25;
const POSTERS = 20;
const MESSAGES = 5000;
// While posting continues. pusher-js reconnects one second after an unclean
// end, so it is disconnected for half of this time.
const RECONNECT_MS = { least: 200, most: 4000 };

const stack = await startStack();
after(() => stack.stop());

const escape = (text) => text.replace(/[&<>"']/g, (char) => ({
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;',
})[char]);

/** Posts its share; resolves to [channel, the posts, the answers]. */
async function poster(rng, number) {
  const posted = [];
  for (let i = 0; i < MESSAGES / POSTERS; i += 1) {
    const channel = CHANNELS[(number + i) % CHANNELS.length];
    const name = `poster ${number} ${randomText(rng, 10)}`;
    const text = randomText(rng, rng() < 0.02 ? 2000 : 60);
    posted.push({ channel, name, text,
      answer: await stack.post(name, text, { channel }) });
  }
  return posted;
}

/** Breaks a client's connection at random times, until it is aborted. */
async function unsettle(client, rng, signal) {
  const { least, most } = RECONNECT_MS;
  while (!signal.aborted) {
    await pause(between(rng, least, most), undefined, { signal })
      .catch(() => {});
    if (signal.aborted) return;
    if (rng() < 0.5) client.reconnect();
    else client.sever();
  }
}

test('every client gets every message', stack.logged(async (t) => {
  const { rng, seed } = random();
  t.diagnostic(`seed ${seed}`);
  const clients = [
    ...Array.from({ length: PUSHERS }, () =>
      new PusherFollower(stack, CHANNELS)),
    ...Array.from({ length: WIRES }, () => new WireFollower(stack, CHANNELS)),
  ];
  t.after(() => clients.forEach((client) => client.close()));
  await Promise.all(clients.map((client) => client.connected()));

  const calm = new AbortController();
  setMaxListeners(clients.length, calm.signal);
  clients.forEach((client) => unsettle(client, rng, calm.signal));
  const startedAt = Date.now();
  const posted = (await Promise.all(Array.from({ length: POSTERS },
    (_, number) => poster(rng, number)))).flat();
  t.diagnostic(`${posted.length} posts in ${Date.now() - startedAt} ms`);
  calm.abort();

  for (const channel of CHANNELS) {
    const log = await rows(stack, channel);
    const mine = posted.filter((post) => post.channel === channel);

    // the log holds the answered messages, which are the posted ones, each once
    assert.deepEqual(log.map(({ id }) => id), log.map((_, i) => i + 1));
    assert.equal(log.length, mine.length);
    for (const { name, text, answer } of mine) {
      assert.deepEqual(answer, log[answer.id - 1]);
      assert.equal(answer.name, escape(name));
      assert.equal(answer.text, escape(text));
    }
    assert.equal(new Set(mine.map(({ answer }) => answer.id)).size,
      mine.length);

    // GET shows the same bytes
    const { text } = await stack.request(`/messages?channel=${channel}`);
    assert.ok(text.startsWith(`{"results":${JSON.stringify(log)},"head":`));

    // and so does every client
    for (const client of clients) {
      await client.holds(log.length, channel, 40_000);
      assert.deepEqual(client.messages(channel), log);
    }
  }
  for (const { wrong, refused } of clients) {
    assert.deepEqual({ wrong, refused }, { wrong: [], refused: 0 });
  }
  const sum = (of) => clients.reduce((all, client) => all + of(client), 0);
  const reconnects = sum(({ connections }) => connections - 1);
  t.diagnostic(`${sum(({ pushed }) => pushed)} pushed, ` +
    `${reconnects} reconnects`);
  // else the test exercised none of this
  assert.ok(reconnects >= clients.length);
}));
