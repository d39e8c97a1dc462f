// SPDX-License-Identifier: MIT
//
// A private Redis for a test, and the part of its protocol that the test needs.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { until } from '../stack.mjs';

/** Starts a Redis without persistence; it ends with the test that started it. */
export async function startRedis() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-redis-'));
  const socket = path.join(folder, 'redis.sock');
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'redis-server',
    '--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder],
  { stdio: 'ignore' });
  const ended = new Promise((resolve) => { child.on('close', resolve); });
  await until('Redis listens', () => fs.existsSync(socket));
  return {
    connect: () => connect(socket),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A connection: command() returns the reply of Redis, or throws its error. */
export async function connect(socket) {
  const connection = net.connect(socket);
  await new Promise((resolve, reject) => {
    connection.once('connect', resolve).once('error', reject);
  });
  return new Connection(connection);
}

class Connection {
  #socket;
  #bytes = Buffer.alloc(0);
  #waiting = [];

  constructor(socket) {
    this.#socket = socket;
    this.pushed = []; // messages of subscriptions, each an array
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#take();
    });
  }

  command(...words) {
    const parts = words.map((word) => Buffer.from(String(word)));
    const head = Buffer.from(`*${parts.length}\r\n`);
    this.#socket.write(Buffer.concat([head, ...parts.flatMap((part) => [
      Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')])]));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  close() {
    this.#socket.destroy();
  }

  #take() {
    for (;;) {
      const found = parse(this.#bytes, 0);
      if (found === undefined) return;
      this.#bytes = this.#bytes.subarray(found.end);
      const { value } = found;
      if (Array.isArray(value) && value[0] === 'message') {
        this.pushed.push(value.slice(1));
      } else if (value instanceof Error) {
        this.#waiting.shift().reject(value);
      } else {
        this.#waiting.shift().resolve(value);
      }
    }
  }
}

// One value from `at` on: {value, end}; undefined while it is not complete.
function parse(bytes, at) {
  const line = bytes.indexOf('\r\n', at);
  if (line === -1) return undefined;
  const text = bytes.toString('utf8', at + 1, line);
  const end = line + 2;
  switch (String.fromCharCode(bytes[at])) {
    case '+': return { value: text, end };
    case '-': return { value: new Error(text), end };
    case ':': return { value: Number(text), end };
    case '$': {
      const length = Number(text);
      if (length === -1) return { value: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { value: bytes.toString('utf8', end, end + length),
        end: end + length + 2 };
    }
    default: return parseArray(bytes, Number(text), end);
  }
}

function parseArray(bytes, length, start) {
  if (length === -1) return { value: null, end: start };
  const value = [];
  let end = start;
  for (let i = 0; i < length; i += 1) {
    const item = parse(bytes, end);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
}
