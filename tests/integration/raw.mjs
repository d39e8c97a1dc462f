// SPDX-License-Identifier: MIT
//
// Raw bytes to a server and its raw answer, for requests that no client library
// sends.

import net from 'node:net';

import { until } from '../stack.mjs';

import { KEY } from './clients.mjs';

const DEADLINE_MS = 10_000;

export const WEBSOCKET_KEY =
  Buffer.from('pushlog testing!').toString('base64');

export class RawSocket {
  constructor(at) {
    this.chunks = [];
    this.hasEnded = false;
    this.socket = typeof at === 'string'
      ? net.connect(at) : net.connect(at.port, '127.0.0.1');
    this.socket.on('data', (bytes) => this.chunks.push(bytes));
    // a reset is an end too: it answers bytes sent into a closed socket
    this.socket.on('error', () => {});
    this.socket.on('close', () => { this.hasEnded = true; });
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  get received() {
    return Buffer.concat(this.chunks);
  }

  get text() {
    return this.received.toString('latin1');
  }

  /** Everything received, once the other side has closed. */
  async end() {
    await until('the connection ends', () => this.hasEnded, DEADLINE_MS);
    return this.received;
  }

  /** Waits until the received bytes match pattern. */
  async has(pattern) {
    return until(`${pattern} is received`, () => this.text.match(pattern),
      DEADLINE_MS);
  }
}

/** A server's answer to one request, complete, as text. */
export async function exchange(at, request) {
  const raw = new RawSocket(at);
  raw.write(request);
  return (await raw.end()).toString('latin1');
}

/** The request that opens a WebSocket; parts of it can be invalid. */
export function upgradeRequest({
  method = 'GET', target = `/app/${KEY}?protocol=7`, version = 'HTTP/1.1',
  headers = {},
} = {}) {
  const all = {
    Host: 'localhost', Upgrade: 'websocket', Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': WEBSOCKET_KEY, ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} ${version}\r\n${lines.join('')}\r\n`;
}

/** An open WebSocket, on which any bytes can be sent. */
export async function openRaw(at, headers = {}) {
  const raw = new RawSocket(at);
  raw.write(upgradeRequest({ headers }));
  await raw.has(/connection_established.*\}"\}/);
  return raw;
}

/**
 * A client's frame. first: FIN, RSV and opcode; mask: false is a violation;
 * length: a false length for the header.
 */
export function frame(first, payload, { mask = true, length } = {}) {
  const body = Buffer.from(payload);
  const said = length ?? body.length;
  const bit = mask ? 0x80 : 0;
  let head;
  if (said < 126) {
    head = Buffer.from([first, bit | said]);
  } else if (said < 65536) {
    head = Buffer.from([first, bit | 126, said >> 8, said & 255]);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(said), 2);
  }
  if (!mask) return Buffer.concat([head, body]);
  const key = [0x12, 0x34, 0x56, 0x78];
  return Buffer.concat([head, Buffer.from(key),
    body.map((byte, i) => byte ^ key[i % 4])]);
}

/** The frames that a server sent after its handshake. */
export function decodeFrames(received) {
  const frames = [];
  let at = received.indexOf('\r\n\r\n') + 4;
  while (at < received.length) {
    const first = received[at];
    let length = received[at + 1];
    at += 2;
    if (length === 126) {
      length = received.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(received.readBigUInt64BE(at));
      at += 8;
    }
    if (at + length > received.length) throw new Error('half a frame');
    frames.push({ first, opcode: first & 15,
      payload: received.subarray(at, at + length) });
    at += length;
  }
  return frames;
}

/** The code of the Close frame at the end of the received frames, if any. */
export function closeCode(received) {
  const last = decodeFrames(received).at(-1);
  if (last?.opcode !== 8 || last.payload.length < 2) return undefined;
  return last.payload.readUInt16BE(0);
}
