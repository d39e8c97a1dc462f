// SPDX-License-Identifier: MIT
//
// permessage-deflate, RFC 7692: clients that offer it get the same messages in
// fewer bytes; others get them uncompressed. Messages that clients compress are
// read within limits.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import zlib from 'node:zlib';

import { startStack, until } from '../stack.mjs';
import { closePusher, openPusher, Wire } from './clients.mjs';
import { closeCode, decodeFrames, frame, openRaw, RawSocket, upgradeRequest }
  from './raw.mjs';
import { startRelay } from './relay.mjs';

const MESSAGE_MAX_BYTES = 16384;
const POSTS = 10;
const RSV1 = 0x40;
const TAIL = Buffer.from([0, 0, 255, 255]);
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const ANSWER = 'permessage-deflate; server_no_context_takeover; '
  + 'client_no_context_takeover';
const PING = '{"event":"pusher:ping"}';

const stack = await startStack({ env: { PUSHLOG_DEFLATE: '1',
  PUSHLOG_DURABLE_CHANNELS: 'presence-log-*' } });
after(() => stack.stop());
const relay = `${stack.sockets}/relay.sock`;

function deflateTest(name, fn) {
  test(name, stack.logged(fn));
}

let channels = 0;
const newChannel = () => `room-${channels += 1}`;

/** Text that compresses well, and differs each time. */
const longText = (i) => `${i} ${'the same again, '.repeat(100)}`;

function pack(text) {
  const bytes = zlib.deflateRawSync(text,
    { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  assert.deepEqual(bytes.subarray(-4), TAIL);
  return bytes.subarray(0, -4);
}

function unpack(bytes) {
  return zlib.inflateRawSync(Buffer.concat([bytes, TAIL]),
    { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();
}

async function openWire(t, at, options) {
  const wire = await Wire.open(at, options);
  t.after(() => wire.close());
  return wire;
}

async function openPacking(t, headers = OFFER) {
  const raw = await openRaw(relay, headers);
  t.after(() => raw.socket.destroy());
  return raw;
}

deflateTest('a channel carries the same bytes with and without compression',
  async (t) => {
    const channel = newChannel();
    const packed = await openWire(t, stack);
    const plain = await openWire(t, stack, { perMessageDeflate: false });
    assert.match(packed.socket.extensions, /^permessage-deflate/);
    assert.equal(plain.socket.extensions, '');
    const { base } = await packed.subscribe(channel);
    await plain.subscribe(channel);
    const texts = Array.from({ length: POSTS }, (_, i) =>
      (i % 3 === 0 ? `short ${i}` : longText(i)));
    for (const text of texts) await stack.post('Ada', text, { channel });
    const events = await packed.events(POSTS);
    assert.deepEqual(events.map(({ text }) => text), texts);
    assert.deepEqual(events.map(({ id }) => id),
      texts.map((_, i) => base + 1 + i));
    assert.deepEqual(await plain.events(POSTS), events);
    assert.deepEqual(packed.texts.slice(-POSTS), plain.texts.slice(-POSTS));
  });

deflateTest('a long message is compressed, a short one is not', async (t) => {
  const channel = newChannel();
  const all = [await openPacking(t), await openPacking(t)];
  for (const raw of all) {
    raw.write(frame(0x81, JSON.stringify(
      { event: 'pusher:subscribe', data: { channel } })));
    await raw.has(/subscription_succeeded/);
  }
  await stack.post('Ada', longText(1), { channel });
  await stack.post('Ada', 'and a short one', { channel });
  await Promise.all(all.map((raw) => raw.has(/and a short one/)));
  const [said, same] = all.map((raw) => decodeFrames(raw.received).slice(-2));
  assert.deepEqual(said, same);
  assert.deepEqual(said.map(({ first }) => first), [0x81 | RSV1, 0x81]);
  assert.ok(said[0].payload.length < longText(1).length / 4);
  const { data } = JSON.parse(unpack(said[0].payload));
  assert.equal(JSON.parse(data).text, longText(1));
});

deflateTest('a message with a secret beside client-chosen text is not ' +
  'compressed',
  async (t) => {
    const raw = await openPacking(t);
    const [, id] = raw.text.match(/"socket_id\\":\\"([\d.]+)/);
    const signed = async (path, fields) => {
      const { json } = await stack.request(path, { method: 'POST',
        body: new URLSearchParams({ socket_id: id, ...fields }) });
      return json;
    };
    const name = 'a'.repeat(128);
    const channel = 'presence-log-1';
    const { auth, channel_data } =
      await signed('/pusher/auth', { channel_name: channel, name });
    for (const [event, data, answer] of [
      ['pusher:subscribe', { channel, auth, channel_data },
        /subscription_succeeded.*grant.*"\}/],
      ['pusher:signin', await signed('/pusher/user-auth', { name }),
        /signin_success.*"\}\}/],
    ]) {
      raw.write(frame(0x81, JSON.stringify({ event, data })));
      await raw.has(answer);
      const { first, payload } = decodeFrames(raw.received).at(-1);
      assert.equal(first, 0x81);
      assert.ok(payload.length > 256);
    }
  });

deflateTest('pusher-js works unchanged', async (t) => {
  const channel = newChannel();
  const pusher = openPusher(stack);
  t.after(() => closePusher(pusher));
  const heard = [];
  let isSubscribed = false;
  pusher.subscribe(channel)
    .bind('pusher:subscription_succeeded', () => { isSubscribed = true; })
    .bind('new_message', ({ text }) => heard.push(text));
  await until('pusher-js subscribes', () => isSubscribed);
  await stack.post('Ada', longText(2), { channel });
  await until('pusher-js hears', () => heard.length > 0);
  assert.deepEqual(heard, [longText(2)]);
});

deflateTest('messages compressed by the ws package are understood',
  async (t) => {
  const wire = await openWire(t, stack, { perMessageDeflate: { threshold: 0 } });
  await wire.subscribe(newChannel());
  wire.send(PING.padEnd(MESSAGE_MAX_BYTES));
  await wire.next('pusher:pong');
});

for (const [offer, answer] of [
  ['permessage-deflate', ANSWER],
  ['permessage-deflate; client_max_window_bits=9', ANSWER],
  ['permessage-deflate; server_max_window_bits=15',
    `${ANSWER}; server_max_window_bits=15`],
  ['permessage-deflate; server_max_window_bits=9, permessage-deflate', ANSWER],
  ['permessage-deflate; server_max_window_bits=9', undefined],
  ['permessage-deflate; client_max_window_bits=99', undefined],
  ['permessage-deflate; =;', undefined],
  ['x-unknown', undefined],
]) {
  deflateTest(`'${offer}' is ${answer ? 'taken' : 'passed over'}`,
    async (t) => {
      const raw = await openPacking(t, { 'Sec-WebSocket-Extensions': offer });
      const [, found] = raw.text.match(
        /^Sec-WebSocket-Extensions: (.*)\r$/m) ?? [];
      assert.equal(found, answer);
      raw.write(frame(0x81, PING));
      await raw.has(/pusher:pong/);
    });
}

deflateTest('a compressed message is read in fragments of any size',
  async (t) => {
    const raw = await openPacking(t);
    const packed = pack(PING);
    const middle = packed.length >> 1;
    const bytes = Buffer.concat([
      frame(RSV1 | 0x01, packed.subarray(0, 1)),
      frame(0x89, 'between'),
      frame(0x00, packed.subarray(1, middle)),
      frame(0x80, packed.subarray(middle)),
      frame(0x81, PING), // as it is, behind it
      frame(RSV1 | 0x81, packed),
    ]);
    for (const byte of bytes) raw.write(Buffer.from([byte]));
    await raw.has(/between[^]*(pusher:pong[^]*){3}/);
  });

deflateTest('a message of exactly 16 KiB passes', async (t) => {
  const raw = await openPacking(t);
  raw.write(frame(RSV1 | 0x81, pack(PING.padEnd(MESSAGE_MAX_BYTES))));
  await raw.has(/pusher:pong/);
});

const BOMB = pack(Buffer.alloc(10 * 2 ** 20, ' '));

for (const [code, why, bytes] of [
  [1009, 'a byte over 16 KiB',
    frame(RSV1 | 0x81, pack(' '.repeat(MESSAGE_MAX_BYTES + 1)))],
  [1009, 'a bomb', frame(RSV1 | 0x81, BOMB)],
  [1009, 'a bomb in fragments', Buffer.concat([
    frame(RSV1 | 0x01, BOMB.subarray(0, 100)),
    frame(0x80, BOMB.subarray(100))])],
  [1009, 'what is over 16 KiB before it is unpacked',
    frame(RSV1 | 0x81, '', { length: MESSAGE_MAX_BYTES + 1 })],
  [1007, 'garbage', frame(RSV1 | 0x81, PING)],
  [1007, 'one cut short', frame(RSV1 | 0x81, pack(PING).subarray(0, 5))],
  [1007, 'compressed bad UTF-8',
    frame(RSV1 | 0x81, pack(Buffer.from([0xc3, 0x28])))],
  [1003, 'a compressed binary message', frame(RSV1 | 0x82, pack(PING))],
  [1002, 'RSV1 on a continuation', Buffer.concat([
    frame(RSV1 | 0x01, 'x'), frame(RSV1 | 0x80, 'x')])],
  [1002, 'RSV1 on a ping', frame(RSV1 | 0x89, 'x')],
  [1002, 'RSV2', frame(0xa1, pack(PING))],
]) {
  deflateTest(`${why} is closed with ${code}, alone`, async (t) => {
    const other = await openPacking(t);
    const raw = await openPacking(t);
    raw.write(bytes);
    assert.equal(closeCode(await raw.end()), code);
    other.write(frame(RSV1 | 0x81, pack(PING)));
    await other.has(/pusher:pong/);
  });
}

deflateTest('without the option nobody gets compression', async (t) => {
  const { socket } = await startRelay(stack);
  const raw = new RawSocket(socket);
  t.after(() => raw.socket.destroy());
  raw.write(upgradeRequest({ headers: OFFER }));
  await raw.has(/connection_established.*\}"\}/);
  assert.doesNotMatch(raw.text, /Sec-WebSocket-Extensions/i);
  raw.write(frame(RSV1 | 0x81, pack(PING)));
  assert.equal(closeCode(await raw.end()), 1002);
});
