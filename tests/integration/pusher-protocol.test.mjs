// SPDX-License-Identifier: MIT
//
// relay/PROTOCOL.md against a real relay, byte for byte.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { freePort, startStack, until } from '../stack.mjs';
import { Wire, address, KEY } from './clients.mjs';
import { envelope, eventText, publish } from './log.mjs';
import {
  closeCode, exchange, frame, openRaw, RawSocket, upgradeRequest,
  WEBSOCKET_KEY,
} from './raw.mjs';
import { startRelay } from './relay.mjs';

const PLAIN = 'not-on-the-list'; // a public channel without a history
const MESSAGE_MAX_BYTES = 16384;
const ERROR = 'pusher:error';

const stack = await startStack();
after(() => stack.stop());
const relay = `${stack.sockets}/relay.sock`; // without nginx

function protocolTest(name, fn) {
  test(name, stack.logged(fn));
}

/** Publishes to a channel without a history, which must have a receiver. */
async function publishPlain(channel, event, exclude) {
  const payload = `1 - 0 ${exclude ?? '-'}\n${JSON.stringify(event)}`;
  assert.notEqual(await publish(stack, channel, payload), 0);
}

// --- slow peers: they end in the last test ---

const dribbling = new RawSocket(relay);
dribbling.write('GET /app/');
const dribble = setInterval(() => dribbling.write('x'), 500);
after(() => clearInterval(dribble));

// --- connecting ---

protocolTest('connection_established comes first, to the byte', async () => {
  const wire = new Wire(address(stack));
  assert.match(await wire.nextText(), new RegExp(
    '^\\{"event":"pusher:connection_established","data":' +
    '"\\{\\\\"socket_id\\\\":\\\\"\\d+\\.\\d+\\\\",' +
    '\\\\"activity_timeout\\\\":120\\}"\\}$'));
  await wire.close();
});

protocolTest('every connection has its own socket_id', async () => {
  const wires = await Promise.all(
    Array.from({ length: 20 }, () => Wire.open(stack)));
  assert.equal(new Set(wires.map(({ socketId }) => socketId)).size, 20);
  await Promise.all(wires.map((wire) => wire.close()));
});

for (const query of ['protocol=5', 'protocol=6', 'protocol=7',
  'flash=false&protocol=7&anything=%20else', 'a&b=&protocol=7&']) {
  protocolTest(`connects with ?${query}`, async () => {
    const wire = new Wire(address(stack, `/app/${KEY}?${query}`));
    await wire.next('pusher:connection_established');
    await wire.close();
  });
}

for (const [code, target, why] of [
  [4001, '/app/another-key?protocol=7', 'an unknown key'],
  [4001, `/app/${KEY}x?protocol=7`, 'a longer key'],
  [4001, `/app/${KEY.slice(1)}?protocol=7`, 'a shorter key'],
  [4006, `/app/${KEY}?protocol=seven`, 'a protocol that is no number'],
  [4006, `/app/${KEY}?protocol=7.5`, 'a protocol that is no whole number'],
  [4007, `/app/${KEY}?protocol=4`, 'protocol 4'],
  [4007, `/app/${KEY}?protocol=8`, 'protocol 8'],
  [4008, `/app/${KEY}`, 'no protocol'],
  [4008, `/app/${KEY}?protocol=`, 'an empty protocol'],
]) {
  protocolTest(`${why} gets an error and is closed with ${code}`, async () => {
    const wire = new Wire(address(stack, target));
    const { data } = await wire.next(ERROR);
    assert.equal(data.code, code);
    assert.ok(data.message);
    assert.deepEqual(await wire.closed(), { code, reason: data.message });
  });
}

// --- invalid handshakes ---

for (const [status, why, change] of [
  [404, 'another path', { target: '/' }],
  [404, 'a path below the key', { target: `/app/${KEY}/x?protocol=7` }],
  [404, 'no key', { target: '/app/?protocol=7' }],
  [405, 'another method', { method: 'POST' }],
  [426, 'no Upgrade', { headers: { Upgrade: undefined } }],
  [426, 'another Upgrade', { headers: { Upgrade: 'h2c' } }],
  [426, 'no Connection: Upgrade', { headers: { Connection: 'close' } }],
  [426, 'version 8', { headers: { 'Sec-WebSocket-Version': '8' } }],
  [426, 'no key', { headers: { 'Sec-WebSocket-Key': undefined } }],
  [400, 'a bad key', { headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' } }],
  [400, 'no Host', { headers: { Host: undefined } }],
  [400, 'a second Host', { headers: { host: 'other' } }],
  [400, 'a body', { headers: { 'Content-Length': '3' } }],
  [400, 'a chunked body', { headers: { 'Transfer-Encoding': 'chunked' } }],
  [400, 'a blank before the colon', { headers: { 'X ': '1' } }],
  [400, 'a control character', { headers: { X: 'a\x01b' } }],
  [400, 'a relative target', { target: 'app' }],
  [431, 'a head over 16 KiB', { headers: { X: 'x'.repeat(17_000) } }],
  [505, 'HTTP/1.0', { version: 'HTTP/1.0' }],
]) {
  protocolTest(`${why} is answered ${status}`, async () => {
    const answer = await exchange(relay, upgradeRequest(change));
    const [head, body] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\w`));
    assert.match(head, /^Connection: .*close\r?$/m);
    assert.match(head, new RegExp(`^Content-Length: ${body.length}\\r?$`, 'm'));
    if (status === 405) assert.match(head, /^Allow: GET\r?$/m);
    if (status === 426) assert.match(head, /^Upgrade: websocket\r?$/m);
    if (status === 426) assert.match(head, /^Sec-WebSocket-Version: 13\r?$/m);
  });
}

protocolTest('a TCP port accepts any client, under the address that the ' +
  'kernel reports',
  async () => {
    const own = await startRelay(stack,
      { PUSHLOG_LISTEN: `127.0.0.1:${await freePort()}` });
    const wire = await Wire.open(own);
    await wire.subscribe('messages');
    await stack.post('Ada', 'to a port');
    await wire.next('new_message');
    await wire.close();
    const raw = new RawSocket(own.at);
    raw.write(upgradeRequest({ target: '/app/of-nobody?protocol=7',
      headers: { 'X-Real-IP': '192.0.2.66' } }));
    await raw.end();
    await until('it arrives', () => / 127\.0\.0\.1:\d+ closed cause=app/.test(own.said));
  });

protocolTest('a handshake is understood byte by byte', async () => {
  const raw = new RawSocket(relay);
  for (const byte of upgradeRequest()) raw.write(byte);
  await raw.has(/connection_established/);
  const accept = createHash('sha1').update(WEBSOCKET_KEY)
    .update('258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  assert.match(raw.text, /^HTTP\/1\.1 101 .*\r\n/);
  assert.ok(raw.text.includes(`\r\nSec-WebSocket-Accept: ${accept}\r\n`));
  raw.socket.destroy();
});

// --- frames that violate RFC 6455 ---

const OVER = MESSAGE_MAX_BYTES + 1;

for (const [code, why, bytes] of [
  [1002, 'an unmasked frame', frame(0x81, '{}', { mask: false })],
  [1002, 'RSV1 without an extension', frame(0xc1, '{}')],
  [1002, 'RSV2', frame(0xa1, '{}')],
  [1002, 'RSV3', frame(0x91, '{}')],
  [1002, 'a reserved opcode', frame(0x83, '{}')],
  [1002, 'a reserved control opcode', frame(0x8b, '')],
  [1002, 'a control frame in fragments', frame(0x09, '')],
  [1002, 'a control frame over 125 bytes', frame(0x89, 'x'.repeat(126))],
  [1002, 'a continuation of nothing', frame(0x80, '{}')],
  [1002, 'a new message within another',
    Buffer.concat([frame(0x01, '{'), frame(0x81, '}')])],
  [1003, 'a binary message', frame(0x82, '{}')],
  [1007, 'bad UTF-8', frame(0x81, [0xc3, 0x28])],
  [1007, 'overlong UTF-8', frame(0x81, [0xc0, 0xaf])],
  [1007, 'a surrogate in UTF-8', frame(0x81, [0xed, 0xa0, 0x80])],
  [1007, 'UTF-8 that ends early', frame(0x81, [0xe2, 0x82])],
  [1009, 'a message over 16 KiB', frame(0x81, 'x'.repeat(OVER))],
  [1009, 'a frame that says it is huge',
    frame(0x81, '', { length: 2 ** 40 })],
  [1009, 'fragments of more than 16 KiB together',
    Buffer.concat([frame(0x01, 'x'.repeat(9000)),
      frame(0x80, 'x'.repeat(9000))])],
]) {
  protocolTest(`${why} is closed with ${code}`, async () => {
    const raw = await openRaw(relay);
    raw.write(bytes);
    assert.equal(closeCode(await raw.end()), code);
  });
}

protocolTest('a message of 16 KiB and a fragmented one pass', async () => {
  const raw = await openRaw(relay);
  const ping = '{"event":"pusher:ping"}';
  raw.write(frame(0x81, ping.padEnd(MESSAGE_MAX_BYTES)));
  await raw.has(/(pusher:pong[^]*){1}/);
  for (const [i, char] of [...ping].entries()) {
    const isLast = i === ping.length - 1;
    raw.write(frame((isLast ? 0x80 : 0) | (i === 0 ? 1 : 0), char));
    raw.write(frame(0x89, 'in between')); // control frames may come there
  }
  await raw.has(/(pusher:pong[^]*){2}/);
  raw.write(frame(0x88, Buffer.from([0x03, 0xe8])));
  assert.equal(closeCode(await raw.end()), 1000);
});

// --- pings ---

protocolTest('both kinds of ping, of Pusher and of WebSocket, are answered',
  async () => {
  const wire = await Wire.open(stack);
  for (const data of [{}, '{}', undefined]) {
    wire.send({ event: 'pusher:ping', data });
    assert.equal(await wire.nextText(), '{"event":"pusher:pong","data":"{}"}');
  }
  wire.socket.ping('hello');
  await until('the pong comes', () => wire.pongs === 1);
  wire.send({ event: 'pusher:pong', data: {} }); // no answer to that
  await wire.silent();
  await wire.close();
});

protocolTest('a silent peer is pinged, and closed with 4201', async () => {
  const own = await startRelay(stack,
    { PUSHLOG_ACTIVITY_TIMEOUT_S: '1', PUSHLOG_PONG_TIMEOUT_S: '1' });
  const silent = await Wire.open(own.socket);
  const lively = await Wire.open(own.socket);
  assert.match(lively.texts[0], /\\"activity_timeout\\":1\}/);
  lively.onText = (text) => {
    if (text.includes('pusher:ping')) lively.send({ event: 'pusher:pong' });
  };
  assert.equal(await silent.nextText(), '{"event":"pusher:ping","data":"{}"}');
  assert.deepEqual(await silent.closed(),
    { code: 4201, reason: 'Pong reply not received' });
  await until('the other is asked twice', () => lively.texts.length >= 3);
  assert.equal(lively.ended, undefined);
  await lively.close();
});

// --- subscribing ---

protocolTest('subscription_succeeded has base and epoch', async () => {
  const channel = 'room-empty';
  const wire = await Wire.open(stack);
  wire.send({ event: 'pusher:subscribe', data: { auth: '', channel } });
  const epoch = await stack.psql('select pushlog.epoch()');
  assert.equal(await wire.nextText(),
    '{"event":"pusher_internal:subscription_succeeded",' +
    `"channel":"${channel}",` +
    `"data":"{\\"base\\":0,\\"epoch\\":\\"${epoch}\\"}"}`);
  await wire.close();
});

protocolTest('without a history its data is "{}"', async () => {
  const wire = await Wire.open(stack);
  wire.send({ event: 'pusher:subscribe', data: { channel: PLAIN } });
  assert.equal(await wire.nextText(),
    '{"event":"pusher_internal:subscription_succeeded",' +
    `"channel":"${PLAIN}","data":"{}"}`);
  await wire.close();
});

protocolTest('data may be a string that contains the object', async () => {
  const wire = await Wire.open(stack);
  wire.send({ event: 'pusher:subscribe',
    data: JSON.stringify({ channel: PLAIN }) });
  await wire.next('pusher_internal:subscription_succeeded');
  wire.send({ event: 'pusher:unsubscribe',
    data: JSON.stringify({ channel: PLAIN }) });
  await wire.subscribe(PLAIN); // so it was unsubscribed
  await wire.close();
});

protocolTest('no event of a channel arrives after unsubscribe', async () => {
  const other = 'also-not-on-the-list';
  const wire = await Wire.open(stack);
  await wire.subscribe(PLAIN);
  await wire.subscribe(other);
  wire.send({ event: 'pusher:unsubscribe', data: { channel: PLAIN } });
  await wire.silent();
  const staying = await Wire.open(stack); // so that Redis knows the channel
  await staying.subscribe(PLAIN);
  await publishPlain(PLAIN, { event: 'e', channel: PLAIN, data: 'not for it' });
  await staying.next('e');
  await publishPlain(other, { event: 'e', channel: other, data: 'for it' });
  assert.equal((await wire.next('e')).channel, other);
  wire.send({ event: 'pusher:unsubscribe', data: { channel: PLAIN } });
  wire.send({ event: 'pusher:unsubscribe', data: { channel: 'never-was' } });
  wire.send({ event: 'pusher:unsubscribe', data: { channel: 'not valid' } });
  await wire.silent();
  await Promise.all([wire.close(), staying.close()]);
});

protocolTest('an event without a history is forwarded unchanged', async () => {
  const wires = [await Wire.open(stack), await Wire.open(stack)];
  for (const wire of wires) await wire.subscribe(PLAIN);
  const event = { event: 'any event', channel: PLAIN,
    data: '"\\ä\u2028 {not: parsed', user_id: 'u' };
  await publishPlain(PLAIN, event, wires[0].socketId);
  assert.equal(await wires[1].nextText(), JSON.stringify(event));
  await wires[0].silent(); // it was to be left out
  await Promise.all(wires.map((wire) => wire.close()));
});

protocolTest('without a history, an id has no meaning', async () => {
  const wire = await Wire.open(stack);
  await wire.subscribe(PLAIN);
  const row = { id: 7, name: 'a', text: 'b', time: 1 };
  for (const _ of [1, 2]) {
    await publish(stack, PLAIN, envelope('some-epoch', PLAIN, row));
    assert.equal(await wire.nextText(), eventText(PLAIN, row));
  }
  await wire.close();
});

protocolTest('a posted message is an event with data and id', async () => {
  const channel = 'room-events';
  const wire = await Wire.open(stack);
  await wire.subscribe(channel);
  const row = await stack.post('Ada', 'hello', { channel });
  assert.equal(await wire.nextText(), eventText(channel, row));
  assert.equal(row.id, 1);
  await wire.close();
});

// --- errors that keep the connection ---

const LONGEST = 'x'.repeat(164);

for (const [why, data, detail] of [
  ['an empty name', { channel: '' }],
  ['a name with a blank', { channel: 'a b' }],
  ['a name with a star', { channel: 'room-*' }],
  ['a name with CR LF', { channel: 'a\r\nb' }],
  ['a name with a NUL', '{"channel":"a\\u0000b"}'],
  ['a name that is not ASCII', { channel: 'rööm' }],
  ['a name over 164 characters', { channel: `${LONGEST}x` }],
  ['a name that is a number', { channel: 7 }],
  ['a name that is missing', {}],
  ['data that is missing', undefined],
  ['data that is an array', [{ channel: PLAIN }]],
  ['data that is a string but no object', 'channel'],
  ['a name with a #', { channel: '#server-to-users' }],
  ['a user channel without a user', { channel: '#server-to-user-' }],
]) {
  protocolTest(`subscribe refuses ${why}`, async () => {
    const wire = await Wire.open(stack);
    wire.send({ event: 'pusher:subscribe', data });
    const error = await wire.next(ERROR);
    assert.equal(error.data.code, null, detail);
    assert.ok(error.data.message);
    if (typeof data?.channel === 'string') {
      const refusal = await wire.next('pusher:subscription_error');
      assert.deepEqual(refusal, { event: refusal.event, channel: data.channel,
        data: { type: 'InvalidChannel', error: error.data.message,
          status: 400 } });
    }
    await wire.subscribe(LONGEST); // it lives
    await wire.close();
  });
}

protocolTest('private and presence channels are refused with 4009', async () => {
  const wire = await Wire.open(stack);
  for (const channel of ['private-a', 'presence-b', 'private-encrypted-c']) {
    wire.send({ event: 'pusher:subscribe', data: { channel, auth: 'k:0' } });
    const { data } = await wire.next(ERROR);
    assert.equal(data.code, 4009);
    assert.match(data.message, new RegExp(channel));
    assert.equal(await wire.nextText(),
      `{"event":"pusher:subscription_error","channel":"${channel}","data":` +
      `{"type":"AuthError","error":"${data.message}","status":401}}`);
  }
  await wire.subscribe(PLAIN);
  await wire.close();
});

protocolTest('a second subscription is an error, the first one stays',
  async () => {
  const wire = await Wire.open(stack);
  await wire.subscribe(PLAIN);
  wire.send({ event: 'pusher:subscribe', data: { channel: PLAIN } });
  const { data } = await wire.next(ERROR);
  assert.equal(data.code, null);
  assert.match(data.message, new RegExp(PLAIN));
  await publishPlain(PLAIN, { event: 'e', channel: PLAIN, data: 'once' });
  await wire.next('e');
  await wire.silent();
  await wire.close();
});

for (const [why, text] of [
  ['no JSON', 'hello'],
  ['empty', ''],
  ['not whole', '{"event":"pusher:ping"'],
  ['followed by something', '{"event":"pusher:ping"} {}'],
  ['no object', '["pusher:ping"]'],
  ['in single quotes', "{'event':'pusher:ping'}"],
  ['a lone surrogate', '{"event":"\\ud800"}'],
  ['very deep', `{"event":"pusher:ping","data":${'['.repeat(5000)}`],
  ['deeper than 32',
    `{"event":"pusher:ping","data":${'['.repeat(32)}${']'.repeat(32)}}`],
  ['without an event', '{"data":{}}'],
  ['an event that is a number', '{"event":7}'],
  ['an unknown event', '{"event":"pusher:unknown","data":{}}'],
  ['an event that only servers send',
    '{"event":"pusher_internal:subscription_succeeded","channel":"messages"}'],
  ['a signin without data', '{"event":"pusher:signin","data":[]}'],
  ['a client event', `{"event":"client-x","data":{},"channel":"${PLAIN}"}`],
]) {
  protocolTest(`a message that is ${why} is an error and keeps the connection`,
    async () => {
    const wire = await Wire.open(stack);
    wire.send(text);
    const answer = await wire.nextText();
    assert.match(answer,
      /^\{"event":"pusher:error","data":\{"code":null,"message":"[^"]+"\}\}$/);
    await wire.silent();
    await wire.close();
  });
}

protocolTest('subscribing to more channels than allowed is an error',
  async () => {
  const own = await startRelay(stack, { PUSHLOG_SUBSCRIPTIONS_MAX: '2' });
  const wire = await Wire.open(own.socket);
  await wire.subscribe('a');
  await wire.subscribe('b');
  wire.send({ event: 'pusher:subscribe', data: { channel: 'c' } });
  assert.equal((await wire.next(ERROR)).data.code, null);
  const { data } = await wire.next('pusher:subscription_error');
  assert.deepEqual([data.type, data.status], ['LimitReached', 429]);
  wire.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } });
  // the limit of subscriptions is used up: now time must pass
  await until('there is room for another', () => wire.subscribe('c'));
  await wire.close();
});

protocolTest('repeated subscribing and unsubscribing is rate-limited',
  async () => {
  const own = await startRelay(stack, { PUSHLOG_SUBSCRIPTIONS_MAX: '10' });
  const wire = await Wire.open(own.socket);
  const times = 500;
  for (let i = 0; i < times; i += 1) {
    wire.send({ event: 'pusher:subscribe', data: { channel: 'a' } });
    wire.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } });
  }
  wire.send({ event: 'pusher:ping', data: {} });
  await until('all is answered', () =>
    wire.texts.some((text) => text.includes('pusher:pong')));
  const refused = wire.texts.filter((text) => text.includes(ERROR)).length;
  // the test cannot say how many seconds the reading took
  assert.ok(refused >= times / 2, `${refused} of ${times} were refused`);
  assert.equal(wire.ended, undefined);
  await wire.close();
});

protocolTest('a handshake that is incomplete after 10 s is closed',
  async () => {
  await dribbling.end();
  assert.doesNotMatch(dribbling.text, / 101 /);
});
