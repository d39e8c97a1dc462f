// SPDX-License-Identifier: MIT
//
// A busy subscriber gets the events of one PUSHLOG_WINDOW_MS at once: complete,
// in order, and before any later message.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { decodeFrames, frame, openRaw } from './raw.mjs';
import { startRelay } from './relay.mjs';

const POSTS = 20;
const CLOSE = 8;

const stack = await startStack();
after(() => stack.stop());

let channels = 0;

/** A relay with the longest window, and a way to subscribe to a new channel. */
async function longWindow(t) {
  const relay = await startRelay(stack, { PUSHLOG_WINDOW_MS: '1000' });
  const channel = `room-${channels += 1}`;
  const subscribe = async () => {
    const raw = await openRaw(relay.socket);
    t.after(() => raw.socket.destroy());
    raw.write(frame(0x81, JSON.stringify(
      { event: 'pusher:subscribe', data: { channel } })));
    await raw.has(/subscription_succeeded/);
    return raw;
  };
  const post = async (text) => {
    await stack.post('Ada', text, { channel });
    return (raw) => raw.has(new RegExp(`text\\\\":\\\\"${text}\\\\"`));
  };
  return { relay, subscribe, post };
}

/**
 * The messages behind a connection's subscription: texts, events, Close codes.
 */
function said(raw) {
  const all = decodeFrames(raw.received).map(({ opcode, payload }) => {
    if (opcode === CLOSE) return payload.readUInt16BE(0);
    const { event, data } = JSON.parse(payload.toString());
    return event === 'new_message' ? JSON.parse(data).text : event;
  });
  return all.slice(all.indexOf('pusher_internal:subscription_succeeded') + 1);
}

test('events for a busy subscriber are collected, and arrive in order',
  stack.logged(async (t) => {
    const { subscribe, post } = await longWindow(t);
    const raw = await subscribe();
    const before = raw.chunks.length;
    const texts = Array.from({ length: POSTS }, (_, i) => `message ${i}`);
    let arrives;
    for (const text of texts) arrives = await post(text);
    await arrives(raw);
    assert.deepEqual(said(raw), texts);
    assert.ok(raw.chunks.length - before < POSTS, 'each came alone');
  }));

test('answers and Close frames do not wait, and follow the collected events',
  stack.logged(async (t) => {
    const { relay, subscribe, post } = await longWindow(t);
    const busy = await subscribe();
    await (await post('first'))(busy);
    // a new subscriber gets at once what the other one has to wait for
    const second = await subscribe();
    await (await post('second'))(second);
    busy.write(frame(0x81, JSON.stringify({ event: 'pusher:ping' })));
    await busy.has(/pusher:pong/);
    const third = await subscribe();
    await (await post('third'))(third);
    await relay.stop();
    await busy.end();
    assert.deepEqual(said(busy),
      ['first', 'second', 'pusher:pong', 'third', 4200]);
  }));
