// SPDX-License-Identifier: MIT
//
// One channel, from the configuration to the page's state: joins the socket
// (pusher-js), the log, its backfill and the outbox. Knows nothing of React;
// its parts are passed in, so it runs without a browser.

import { catchUp, loadOlder } from './backfill.js';
import { getConfig, getMessages, postMessage, StartOver } from './http.js';
import { isMessage, MessageLog } from './log.js';
import { Outbox } from './outbox.js';
import { backoffMs, sleep } from './wait.js';

// pusher-js waits 15 s and more after one refused connection. A restart takes
// less, so the page makes an attempt of its own: after this delay, then after
// twice the delay, up to the maximum.
const NUDGE_FIRST_MS = 4_000;
const NUDGE_MOST_MS = 30_000;

/** The options by which pusher-js finds the server that the page came from. */
export function pusherOptions({ protocol, hostname, port }) {
  const isTls = protocol === 'https:';
  const at = Number(port) || (isTls ? 443 : 80);
  return {
    wsHost: hostname,
    wsPort: at,
    wssPort: at,
    forceTLS: isTls,
    cluster: 'pushlog', // asked for by pusher-js, means nothing here
    enabledTransports: ['ws', 'wss'],
    enableStats: false,
    // a dead line is detected after 40 s, not after 150 s
    activityTimeout: 30_000,
    pongTimeout: 10_000,
  };
}

export class Chat {
  #Pusher;
  #fetch;
  #location;
  #log = new MessageLog();
  #outbox;
  #listeners = new Set();
  #pusher;
  #channel;
  #connection = 'connecting'; // live, catching-up, offline
  #wasLive = false;
  #problem;
  #older = 'idle'; // loading, failed
  #catchUp; // ends the backfill that runs
  #nudge; // timer while not connected

  constructor({ Pusher, fetch, location, storage }) {
    this.#Pusher = Pusher;
    this.#fetch = fetch;
    this.#location = location;
    this.#outbox = new Outbox({
      send: (entry) => this.#send(entry),
      storage,
      pause,
      onChange: () => this.#changed(),
      onStored: (message) => this.#log.add(message),
    });
    this.#snapshot();
  }

  // --- for the page ---

  /** Calls fn after every change; returns a function that ends this. */
  subscribe = (fn) => {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  };

  /** The state to show; the same object until something changes. */
  getSnapshot = () => this.snapshot;

  async start() {
    const { key, channel } = await this.#config();
    this.#channel = channel;
    this.#pusher = new this.#Pusher(key, pusherOptions(this.#location));
    this.#pusher.connection.bind('state_change',
      ({ current }) => this.#onState(current));
    this.#pusher.connection.bind('error', (error) => this.#onError(error));
    this.#onState(this.#pusher.connection.state);
    const feed = this.#pusher.subscribe(channel);
    feed.bind('pusher:subscription_succeeded',
      (data) => this.#onSubscribed(data));
    feed.bind('pusher:subscription_error', () => this.#tell(
      `The server refuses the channel ${channel}.`));
    feed.bind('new_message', (message) => this.#onMessage(message));
    this.#outbox.run();
    this.#changed();
  }

  post(name, text) {
    this.#outbox.add(name, text);
  }

  retry(key) {
    this.#outbox.retry(key);
  }

  discard(key) {
    this.#outbox.discard(key);
  }

  /** The network is back: pending retries start at once. */
  hurry() {
    this.#outbox.run(); // pusher-js sees to the socket
  }

  async loadOlder() {
    if (this.#older === 'loading') return;
    this.#older = 'loading';
    this.#changed();
    const { floor } = this.#log;
    try {
      await loadOlder({
        get: (query) => this.#get(query),
        log: this.#log,
        isOver: () => this.#log.floor !== floor, // it was reset meanwhile
      });
      this.#older = 'idle';
    } catch (error) {
      this.#older = 'failed';
      if (error instanceof StartOver) this.#startOver();
    }
    this.#changed();
  }

  // --- from the server ---

  async #config() {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const config = await getConfig(this.#fetch);
        this.#problem = undefined;
        return config;
      } catch (error) {
        this.#tell(`The server can't be reached: ${error.message}`);
        await pause(attempt, error);
      }
    }
  }

  #onState(current) {
    if (current === 'connected') {
      clearTimeout(this.#nudge);
      this.#nudge = undefined;
      this.#problem = undefined;
      this.#setConnection('catching-up');
      return;
    }
    this.#catchUp?.abort();
    this.#setConnection(this.#wasLive ? 'offline' : 'connecting');
    if (!this.#nudge) this.#planNudge(NUDGE_FIRST_MS);
  }

  #planNudge(ms) {
    this.#nudge = setTimeout(() => {
      this.#planNudge(Math.min(2 * ms, NUDGE_MOST_MS));
      this.#pusher.disconnect();
      this.#pusher.connect();
    }, ms);
  }

  #onError({ error } = {}) {
    const said = error?.data;
    // 4001 to 4009: pusher-js gives up. The page does not; it reports it.
    if (said?.code >= 4001 && said.code <= 4009) {
      this.#tell(`The server refuses the connection: ${said.message}`);
    }
  }

  #onSubscribed(data) {
    this.#wasLive = true;
    this.#backfill(data?.base, data?.epoch);
  }

  #startOver() {
    this.#older = 'idle';
    this.#log.reset();
    this.#backfill();
  }

  async #backfill(base, epoch) {
    this.#catchUp?.abort();
    const control = new AbortController();
    const { signal } = control;
    this.#catchUp = control;
    this.#setConnection('catching-up');
    await catchUp({
      get: (query) => this.#get(query, signal),
      log: this.#log,
      base,
      epoch,
      pause: (attempt, error) => {
        this.#tell(`Messages may be missing: ${error.message}`);
        return pause(attempt, error, signal);
      },
      isOver: () => signal.aborted,
      onPage: () => this.#changed(),
    });
    if (signal.aborted) return;
    this.#catchUp = undefined;
    this.#problem = undefined;
    this.#setConnection('live');
  }

  #onMessage(message) {
    if (!isMessage(message)) return;
    const isHole = this.#log.isAhead(message);
    this.#log.add(message);
    // pushlog leaves no hole; another server, or a proxy, might
    if (isHole && !this.#catchUp) this.#backfill();
    this.#changed();
  }

  async #send({ key, name, text }) {
    if (this.#channel === undefined) throw new Error('not connected yet');
    return postMessage(this.#fetch,
      { channel: this.#channel, key, name, text });
  }

  #get(query, signal) {
    return getMessages(this.#fetch,
      { channel: this.#channel, ...query }, signal);
  }

  // --- to the page ---

  #setConnection(connection) {
    this.#connection = connection;
    this.#changed();
  }

  #tell(problem) {
    this.#problem = problem;
    this.#changed();
  }

  #changed() {
    this.#snapshot();
    for (const fn of this.#listeners) fn();
  }

  #snapshot() {
    this.snapshot = {
      channel: this.#channel,
      connection: this.#connection,
      problem: this.#problem,
      isLoaded: this.#log.isLoaded,
      messages: this.#log.items,
      hasOlder: this.#log.hasOlder,
      older: this.#older,
      outbox: this.#outbox?.entries ?? [],
    };
  }
}

function pause(attempt, error, signal) {
  return sleep(Math.max(backoffMs(attempt), error.retryAfterMs ?? 0), signal);
}
