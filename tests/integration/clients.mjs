// SPDX-License-Identifier: MIT
//
// Subscribers: unmodified pusher-js, and a WebSocket that shows each message
// byte for byte.

import { createRequire } from 'node:module';

import Pusher from 'pusher-js';
import WebSocket from 'ws';

import { until } from '../stack.mjs';

const require = createRequire(import.meta.url);

export const KEY = 'pushlog-dev';
export const QUERY = 'protocol=7&client=js&version=8.6.0&flash=false';

const NEXT_MS = 10_000;

/** The options that every client library of this kind needs. */
export function pusherOptions(stack) {
  return {
    wsHost: '127.0.0.1',
    wsPort: stack.port,
    forceTLS: false,
    cluster: 'pushlog',
    enabledTransports: ['ws', 'wss'],
    disableStats: true,
  };
}

/**
 * pusher-js 8 as its documentation sets it up for this stack, with further
 * options.
 */
export function openPusher(stack, { key = KEY, ...options } = {}) {
  return new Pusher(key, { ...pusherOptions(stack), ...options });
}

/**
 * Ends a client for good. A close with 41xx makes pusher-js plan two retries,
 * and disconnect() forgets one of them: it would connect again, without end.
 */
export function closePusher(pusher) {
  pusher.disconnect();
  pusher.connection.connect = () => {};
}

export const PUSHER_VERSION = require('pusher-js/package.json').version;

/** Destroys the client's socket without a Close frame; it then reconnects. */
export function sever(pusher) {
  pusher.connection.connection?.transport?.socket?._stream?.destroy();
}

/** The WebSocket URL through nginx, or at a relay's own socket. */
export function address(at, target = `/app/${KEY}?${QUERY}`) {
  if (typeof at === 'string') return `ws+unix:${at}:${target}`;
  return `${at.origin.replace('http', 'ws')}${target}`;
}

/** One raw connection: every message as it came, and how it was closed. */
export class Wire {
  #taken = 0;

  constructor(url, options) {
    this.texts = [];
    this.pongs = 0;
    this.ended = undefined; // {code, reason}
    this.refused = undefined; // the status of a handshake that failed
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data, isBinary) => {
      this.texts.push(isBinary ? data : data.toString());
      this.onText?.(this.texts.at(-1));
    });
    this.socket.on('pong', () => { this.pongs += 1; });
    this.socket.on('error', () => {}); // 'close' always follows
    this.socket.on('unexpected-response', (request, response) => {
      this.refused = response.statusCode;
      response.resume();
      this.socket.terminate();
    });
    this.socket.on('close', (code, reason) => {
      this.ended = { code, reason: reason.toString() };
      this.onEnd?.(this.ended);
    });
  }

  /** Connects and reads connection_established: sets socketId. */
  static async open(at, { key = KEY, ...options } = {}) {
    const wire = new Wire(address(at, `/app/${key}?${QUERY}`), options);
    const hello = await wire.next('pusher:connection_established');
    wire.socketId = JSON.parse(hello.data).socket_id;
    return wire;
  }

  /** An object is sent as JSON, a string as it is. */
  send(message) {
    this.socket.send(typeof message === 'string'
      ? message : JSON.stringify(message));
  }

  /** The text of the next message, of any kind. */
  async nextText(what = 'a message', deadlineMs = NEXT_MS) {
    await until(`${what} comes`, () =>
      this.#taken < this.texts.length || this.ended, deadlineMs);
    if (this.#taken === this.texts.length) {
      throw new Error(`${what} did not come before the close: ${
        JSON.stringify(this.ended)}`);
    }
    this.#taken += 1;
    return this.texts[this.#taken - 1];
  }

  /** The next message, which must be this event. */
  async next(event, deadlineMs) {
    const text = await this.nextText(event, deadlineMs);
    const message = JSON.parse(text);
    if (message.event !== event) {
      throw new Error(`expected ${event}, got ${text}`);
    }
    return message;
  }

  /**
   * Subscribes, with the auth endpoint's answer where one is needed; resolves
   * to the data of subscription_succeeded.
   */
  async subscribe(channel, { deadlineMs, ...signed } = {}) {
    this.send({ event: 'pusher:subscribe', data: { channel, ...signed } });
    const message = await this.next(
      'pusher_internal:subscription_succeeded', deadlineMs);
    if (message.channel !== channel) {
      throw new Error(`expected ${channel}, got ${JSON.stringify(message)}`);
    }
    return JSON.parse(message.data);
  }

  /** The data of the next count durable events. */
  async events(count, deadlineMs) {
    const all = [];
    while (all.length < count) {
      all.push(JSON.parse((await this.next('new_message', deadlineMs)).data));
    }
    return all;
  }

  /** Asserts that no message is under way: the answer to a ping comes first. */
  async silent() {
    this.send({ event: 'pusher:ping', data: {} });
    await this.next('pusher:pong');
  }

  /** How the relay closes the connection. */
  async closed(deadlineMs = NEXT_MS) {
    return until('the connection is closed', () => this.ended, deadlineMs);
  }

  async close() {
    this.socket.close();
    return this.closed();
  }
}
