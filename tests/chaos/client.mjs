// SPDX-License-Identifier: MIT
//
// Subscribers: unmodified pusher-js, and a lean client that reconnects by the
// rules of pusher-js 8 and reads bytes instead of objects, so that one process
// can run hundreds.

import WebSocket from 'ws';

import { address, closePusher, openPusher } from '../integration/clients.mjs';

import { Reader } from './reader.mjs';

const UNAVAILABLE_MS = [15_000, 30_000, 60_000];
const AGAIN_MS = 200; // for one that has no nginx to choose another relay
const CONNECT_MS = 10_000;
const PONG_MS = 30_000;
const LIVE_START = '{"event":"new_message","channel":"'.length;
const EVENT_START = '{"event":"'.length;
const [N, ZERO, QUOTE] = [...Buffer.from('n0"')];

/** The id at the end of a frame: …,"id":42} */
function idOf(bytes) {
  let id = 0;
  let unit = 1;
  for (let i = bytes.length - 2; bytes[i] >= ZERO; i -= 1) {
    if (bytes[i] > ZERO + 9) break;
    id += (bytes[i] - ZERO) * unit;
    unit *= 10;
  }
  return id;
}

export class LeanClient {
  ends = []; // the codes that its connections ended with
  #refusals = 0;
  #timer;
  #ws;
  #seenAt = 0;
  #pingedAt = 0;
  #activityMs = 120_000;

  /** at: the stack, or a Unix socket; isRelays: the socket is a relay's. */
  constructor(world, who, names,
    { at = world.stack, isRelays = false, ...from } = {}) {
    this.world = world;
    this.who = who;
    this.url = address(at);
    this.isRelays = isRelays;
    this.readers = new Map(names.map((name) => [name,
      new Reader(world, who, world.ledger.channel(name), from)]));
    this.only = names.length === 1
      ? this.readers.get(names[0]) : undefined;
    this.connect();
  }

  connect() {
    const ws = new WebSocket(this.url, { perMessageDeflate: false,
      skipUTF8Validation: true, handshakeTimeout: CONNECT_MS });
    let isOpen = false;
    this.#ws = ws;
    ws.on('open', () => {
      isOpen = true;
      this.#seenAt = Date.now();
      this.#pingedAt = 0;
    });
    ws.on('message', (bytes) => {
      if (ws !== this.#ws) return;
      try {
        this.#take(bytes);
      } catch (error) {
        this.#isNonsense(`${error.message}: ${bytes}`);
      }
    });
    ws.on('error', ({ code, message }) => { // 'close' follows
      if (code?.startsWith('WS_ERR_')) this.#isNonsense(message);
    });
    ws.on('close', (code) => {
      if (ws === this.#ws) this.#ended(isOpen, code);
    });
  }

  #isNonsense(what) {
    this.world.report.violated('I8', `${this.who} was sent nonsense: ${what}`);
  }

  #take(bytes) {
    this.#seenAt = Date.now();
    this.#pingedAt = 0;
    if (bytes[EVENT_START] === N) {
      const id = idOf(bytes);
      const reader = this.only ?? this.readers.get(bytes.latin1Slice(
        LIVE_START, bytes.indexOf(QUOTE, LIVE_START)));
      reader.live(id);
      reader.channel.sawFrame(id, bytes, this.who);
      if (!this.isLazy) this.world.stopwatch.pushed(reader.channel.times[id]);
      return;
    }
    const { event, channel, data } = JSON.parse(bytes);
    switch (event) {
      case 'pusher:connection_established':
        this.#refusals = 0;
        this.#activityMs = JSON.parse(data).activity_timeout * 1000;
        for (const name of this.readers.keys()) {
          this.#send({ event: 'pusher:subscribe', data: { channel: name } });
        }
        break;
      case 'pusher_internal:subscription_succeeded': {
        const { base, epoch } = JSON.parse(data);
        this.readers.get(channel).subscribed(base, epoch);
        break;
      }
      case 'pusher:ping':
        this.#send({ event: 'pusher:pong', data: {} });
        break;
      case 'pusher:pong':
        break;
      default:
        this.world.report.violated('I11', `${this.who} received ${bytes}`);
    }
  }

  #send(message) {
    if (this.#ws.readyState === WebSocket.OPEN) {
      this.#ws.send(JSON.stringify(message));
    }
  }

  #ended(isOpen, code) {
    for (const reader of this.readers.values()) reader.ended();
    this.ends.push(isOpen ? code : 'refused');
    this.isLazy = false;
    this.#timer = setTimeout(() => this.connect(),
      isOpen ? this.#pauseAfter(code) : this.#pauseAfterRefusal());
  }

  // the close codes, as pusher-js 8 treats them
  #pauseAfter(code) {
    if (code >= 4000 && code < 4100) {
      this.world.report.violated('I11',
        `${this.who} was closed with ${code}: it would give up`);
    }
    return code >= 4200 && code < 4300 ? 30 : 1000;
  }

  #pauseAfterRefusal() {
    if (this.isRelays) return AGAIN_MS;
    this.world.refused += 1;
    this.#refusals += 1;
    return UNAVAILABLE_MS[Math.min(this.#refusals, UNAVAILABLE_MS.length) - 1];
  }

  /**
   * Called every second: pings silent servers, leaves those that do not answer.
   */
  tick(now) {
    if (this.#ws?.readyState !== WebSocket.OPEN) return;
    if (this.#ws.isPaused) {
      // a client that does not read still sends, or is closed as inactive
      this.#send({ event: 'pusher:ping', data: {} });
    } else if (this.#pingedAt !== 0 && now - this.#pingedAt > PONG_MS) {
      this.#ws.terminate();
    } else if (this.#pingedAt === 0 && now - this.#seenAt > this.#activityMs) {
      this.#pingedAt = now;
      this.#send({ event: 'pusher:ping', data: {} });
    }
  }

  stopReading() {
    this.isLazy = true;
    this.#ws.pause();
  }

  goOnReading() {
    this.#ws.resume();
  }

  /** Cuts the connection; the client reconnects by its rules. */
  sever() {
    this.#ws.terminate();
  }

  /**
   * The network is lost, and returns a page load later. A client that does not
   * read notices nothing.
   */
  reload() {
    if (this.isLazy) return;
    clearTimeout(this.#timer);
    const old = this.#ws;
    this.#ws = undefined;
    old.terminate();
    for (const reader of this.readers.values()) reader.ended();
    this.connect();
  }

  /** Its network is back. Like pusher-js, it reconnects at once. */
  online() {
    if (this.#ws && this.#ws.readyState !== WebSocket.OPEN) this.reload();
  }

  close() {
    const old = this.#ws;
    this.#ws = undefined; // nothing that comes after this counts
    clearTimeout(this.#timer);
    old?.terminate();
    for (const reader of this.readers.values()) reader.left();
  }
}

/** Unmodified pusher-js. */
export class RealClient {
  constructor(world, who, names) {
    this.who = who;
    this.pusher = openPusher(world.stack);
    this.readers = new Map(names.map((name) => [name,
      new Reader(world, who, world.ledger.channel(name), { cursor: 0 })]));
    for (const [name, reader] of this.readers) {
      this.pusher.subscribe(name)
        .bind('pusher:subscription_succeeded',
          ({ base, epoch }) => reader.subscribed(base, epoch))
        .bind('new_message', (message) => {
          reader.live(message.id);
          reader.channel.sawData(message.id, JSON.stringify(message), who);
        });
    }
    this.pusher.connection.bind('state_change', ({ previous, current }) => {
      if (previous === 'connected') {
        for (const reader of this.readers.values()) reader.ended();
      }
      if (current === 'failed' || (current === 'disconnected' && !this.isOver)) {
        world.report.violated('I11', `${who} (pusher-js) gave up`);
      }
    });
  }

  tick() {}

  close() {
    this.isOver = true;
    closePusher(this.pusher);
  }
}
