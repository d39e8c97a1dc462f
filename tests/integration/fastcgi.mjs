// SPDX-License-Identifier: MIT
//
// Sends requests to messages-fcgi that nginx would not send: without a length,
// or the same request twice.

import net from 'node:net';

import { until } from '../stack.mjs';

const BEGIN_REQUEST = 1;
const END_REQUEST = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const KEEP_CONN = 1;

function record(type, content) {
  const head = Buffer.from([1, type, 0, 1, 0, 0, 0, 0]);
  head.writeUInt16BE(content.length, 4);
  return Buffer.concat([head, content]);
}

function pair(name, value) {
  const length = (text) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE((Buffer.byteLength(text) | 0x80000000) >>> 0);
    return bytes;
  };
  return Buffer.concat([length(name), length(value), Buffer.from(name),
    Buffer.from(value)]);
}

function request(params, body, flags) {
  const pairs = Object.entries(params).map((entry) => pair(...entry));
  return Buffer.concat([
    record(BEGIN_REQUEST, Buffer.from([0, 1, flags, 0, 0, 0, 0, 0])),
    record(PARAMS, Buffer.concat(pairs)), record(PARAMS, Buffer.alloc(0)),
    ...(body ? [record(STDIN, Buffer.from(body))] : []),
    record(STDIN, Buffer.alloc(0)),
  ]);
}

/**
 * Sends params (an object) and a body; resolves to {status, head, body, end}.
 * end is 'complete', 'spoilt' after bytes that are no record, or 'none'.
 */
export async function fastcgi(socket, params, body = '') {
  const connection = net.connect(socket);
  connection.write(request(params, body, 0));
  const chunks = [];
  for await (const chunk of connection) chunks.push(chunk);
  return decode(Buffer.concat(chunks));
}

function decode(bytes) {
  const output = [];
  let end = 'none';
  for (let at = 0; at + 8 <= bytes.length && end === 'none';) {
    const length = bytes.readUInt16BE(at + 4);
    if (bytes[at] !== 1) end = 'spoilt';
    else if (bytes[at + 1] === END_REQUEST) {
      if (at + 16 <= bytes.length) end = 'complete';
    }
    else if (bytes[at + 1] === STDOUT) {
      output.push(bytes.subarray(at + 8, at + 8 + length));
    }
    at += 8 + length + bytes[at + 6];
  }
  const [head, ...rest] = Buffer.concat(output).toString().split('\r\n\r\n');
  return { status: Number(head.match(/^Status: (\d+)/)?.[1]), head,
    body: rest.join('\r\n\r\n'), end };
}

/** A connection that is kept from one request to the next. */
export class Kept {
  constructor(socket) {
    this.connection = net.connect(socket);
    this.hasEnded = false;
    this.bytes = Buffer.alloc(0);
    this.connection.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
    });
    this.connection.on('error', () => {});
    this.connection.on('close', () => { this.hasEnded = true; });
  }

  /** As fastcgi(), but returns as soon as the answer is complete. */
  async request(params, body = '') {
    return this.begin(params, body, 0)();
  }

  /**
   * Keeps the last bytes of a request back; returns a function that sends them.
   */
  begin(params, body, missing) {
    const bytes = request(params, body, KEEP_CONN);
    const end = bytes.length - missing;
    this.bytes = Buffer.alloc(0);
    this.connection.write(bytes.subarray(0, end));
    return async () => {
      if (missing > 0) this.connection.write(bytes.subarray(end));
      return this.#answer();
    };
  }

  #answer() {
    return until('the answer is complete', () => {
      const answer = decode(this.bytes);
      return (this.hasEnded || answer.end !== 'none') && answer;
    });
  }

  close() {
    this.connection.destroy();
  }
}
