// SPDX-License-Identifier: MIT
//
// A client that follows channels as the tutorial teaches: subscribe; on every
// subscription_succeeded, GET the messages after the last id held; drop
// duplicates by id. It also checks the stronger promise: one connection carries
// base+1, base+2, … without a hole. Violations are collected in `wrong`. Losing
// the history is a violation, too, unless mayStartOver is set: then the client
// sends the epoch, and drops what it holds when the epoch changes or a 409 or
// 410 asks for it.

import { isDeepStrictEqual } from 'node:util';

import { until } from '../stack.mjs';

import { address, closePusher, openPusher, sever, Wire } from './clients.mjs';

class Channel {
  held = new Map(); // by id
  next = undefined; // what this connection carries next; none: anything
  epoch = undefined; // that what is held belongs to

  constructor(name) {
    this.name = name;
  }

  get lastId() {
    return Math.max(0, ...this.held.keys());
  }
}

class Follower {
  wrong = [];
  refused = 0; // GETs that were answered 502 or 503, and asked again
  pushed = 0;
  connections = 0; // of which the first channel was subscribed to
  mayStartOver = false;
  startsOver = []; // why, each time
  #backfills = new Set();
  #channels;

  constructor(stack, channels) {
    this.stack = stack;
    this.#channels = new Map(channels.map((name) => [name, new Channel(name)]));
  }

  get channelNames() {
    return [...this.#channels.keys()];
  }

  subscribed(name, { base, epoch }) {
    const channel = this.#channels.get(name);
    if (name === this.channelNames[0]) this.connections += 1;
    if (!Number.isInteger(base) || !epoch) {
      this.wrong.push(`${name}: base ${base}, epoch ${epoch}`);
    }
    if ((channel.epoch ?? epoch) !== epoch) this.#startOver(channel, 'epoch');
    channel.epoch = epoch;
    channel.next = base + 1;
    const backfill = this.#backfill(channel, base);
    this.#backfills.add(backfill);
    backfill.finally(() => this.#backfills.delete(backfill));
  }

  #startOver(channel, why) {
    if (!this.mayStartOver) this.wrong.push(`${channel.name}: ${why}`);
    this.startsOver.push(why);
    channel.held.clear();
  }

  async #backfill(channel, base) {
    try {
      const { results, epoch } = await this.#get(channel);
      // from another epoch: the relay reports it, too, and the client
      // subscribes again
      if (this.mayStartOver && epoch !== channel.epoch) return;
      for (const message of results) this.#merge(channel, message);
      // messages up to base were stored before the GET was sent
      if (results.length > 0 && results.at(-1).id < base) {
        this.wrong.push(`${channel.name}: GET ends below base ${base}`);
      }
    } catch (error) {
      this.wrong.push(`${channel.name}: ${error.message}`);
    }
  }

  // A server that is unavailable for a moment is asked again; every other
  // failure is reported.
  async #get(channel) {
    const query = { channel: channel.name, after_id: channel.lastId };
    if (this.mayStartOver) query.epoch = channel.epoch;
    let fault;
    const answer = await until(`the history of ${channel.name} is read`,
      async () => {
        try {
          return await this.stack.get(query);
        } catch (error) {
          const isAway = error.status === 502 || error.status === 503;
          if (isAway) this.refused += 1;
          else if (this.mayStartOver && [409, 410].includes(error.status)) {
            this.#startOver(channel, error.status);
            return this.stack.get({ channel: channel.name });
          }
          else fault = error;
          return !isAway;
        }
      });
    if (fault) throw fault;
    return answer;
  }

  message(name, message) {
    const channel = this.#channels.get(name);
    this.pushed += 1;
    if (message.id !== channel.next) {
      this.wrong.push(`${name}: ${message.id} pushed, not ${channel.next}`);
    }
    channel.next = message.id + 1;
    this.#merge(channel, message);
  }

  #merge(channel, message) {
    const old = channel.held.get(message.id);
    if (old === undefined) {
      channel.held.set(message.id, message);
    } else if (!isDeepStrictEqual(old, message)) {
      this.wrong.push(`${channel.name}: two of ${message.id}`);
    }
  }

  /** The messages that it holds of a channel, in order. */
  messages(name = this.channelNames[0]) {
    const all = [...this.#channels.get(name).held.values()];
    return all.sort((a, b) => a.id - b.id);
  }

  /** Waits until it holds count messages of the channel, and backfills end. */
  async holds(count, name = this.channelNames[0], deadlineMs = undefined) {
    await until(`the client holds ${count} of ${name}`, () => {
      const { size } = this.#channels.get(name).held;
      if (size < count || this.#backfills.size > 0) {
        throw new Error(`it holds ${size}; ${this.wrong.join('; ')}`);
      }
      return true;
    }, deadlineMs);
  }

  /** Waits until it has subscribed this many times. */
  async connected(times = 1, deadlineMs = undefined) {
    await until(`the client is connected, time ${times}`,
      () => this.connections >= times, deadlineMs);
  }
}

/** Follows through unmodified pusher-js. */
export class PusherFollower extends Follower {
  constructor(stack, channels) {
    super(stack, channels);
    this.pusher = openPusher(stack);
    for (const name of channels) {
      this.pusher.subscribe(name)
        .bind('pusher:subscription_succeeded',
          (data) => this.subscribed(name, data))
        .bind('new_message', (data) => this.message(name, data));
    }
  }

  /** Disconnects cleanly and connects again. */
  reconnect() {
    this.pusher.disconnect();
    this.pusher.connect();
  }

  sever() {
    sever(this.pusher);
  }

  close() {
    closePusher(this.pusher);
  }
}

const RETRY_MS = 100;

/** Follows through a bare WebSocket, which reconnects soon after any end. */
export class WireFollower extends Follower {
  ends = []; // how each connection ended
  #at;
  #wire;
  #timer;

  constructor(stack, channels, at = stack) {
    super(stack, channels);
    this.#at = at;
    this.#connect();
  }

  get socket() {
    return this.#wire.socket;
  }

  #connect() {
    const wire = new Wire(address(this.#at));
    this.#wire = wire;
    wire.onText = (text) => {
      if (wire === this.#wire) this.#take(wire, JSON.parse(text));
    };
    wire.onEnd = (end) => {
      if (wire !== this.#wire) return;
      this.ends.push(end);
      this.#timer = setTimeout(() => this.#connect(), RETRY_MS);
    };
  }

  #take(wire, { event, channel, data }) {
    if (event === 'pusher:connection_established') {
      for (const name of this.channelNames) {
        wire.send({ event: 'pusher:subscribe', data: { channel: name } });
      }
    } else if (event === 'pusher:ping') {
      wire.send({ event: 'pusher:pong', data: {} });
    } else if (event === 'pusher_internal:subscription_succeeded') {
      this.subscribed(channel, JSON.parse(data));
    } else if (event === 'new_message') {
      this.message(channel, JSON.parse(data));
    } else {
      this.wrong.push(`unexpected ${event}: ${JSON.stringify(data)}`);
    }
  }

  reconnect() {
    this.socket.close();
  }

  sever() {
    this.socket.terminate();
  }

  close() {
    const wire = this.#wire;
    this.#wire = undefined; // nothing that comes after this counts
    clearTimeout(this.#timer);
    wire.socket.terminate();
  }
}
