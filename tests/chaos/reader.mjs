// SPDX-License-Identifier: MIT
//
// One channel as one client follows it, over all its connections: live events
// from base+1 on, and older ones by GET, at once or in pages. Knows no socket.
//
//     held: first … cursor;  live on this connection: base+1 … next-1

import { setTimeout as pause } from 'node:timers/promises';

const RETRY_MS = 200;

export class Reader {
  cursor; // undefined until the first base of one that starts late
  isDone = false; // the backfill of this connection is
  isSubscribed = false;
  next = 0;
  #connection = 0;
  #cutAt; // since when it was not done

  /**
   * cursor: everything from the beginning up to it is held; back: the number of
   * messages that a late starter reads before its first base.
   */
  constructor(world, who, channel, { cursor, back = 0 } = {}) {
    this.world = world;
    this.report = world.report;
    this.who = who;
    this.channel = channel;
    this.cursor = cursor;
    this.back = back;
    this.rng = world.rng.fork();
  }

  /**
   * The id up to which it holds everything. While it is subscribed, its
   * connection must deliver that, whatever it held before.
   */
  get position() {
    return this.isDone && this.isSubscribed
      ? this.next - 1 : this.cursor ?? -1;
  }

  subscribed(base, epoch) {
    this.report.check('I6', !this.isSubscribed, () => `${this.who}: ${
      this.channel.name} began at ${this.base} and again at ${base}`);
    this.report.check('I5', epoch === this.world.epoch &&
      Number.isInteger(base), () => `${this.who}: base ${base}, epoch ${epoch}`);
    this.cursor ??= Math.max(0, base - this.back);
    this.base = base;
    this.next = base + 1;
    this.isSubscribed = true;
    this.isDone = false;
    this.#connection += 1;
    this.#backfill(this.#connection);
  }

  /** The next live event; the caller compares its bytes with the ledger. */
  live(id) {
    this.report.checked('I6');
    if (id !== this.next || !this.isSubscribed) {
      this.report.violated('I6', `${this.who}: ${this.channel.name} ${
        id} was pushed, not ${this.next} (base ${this.base})`);
    }
    this.next = id + 1;
  }

  /** The connection has ended. */
  ended() {
    if (this.isDone) {
      this.#cutAt = Date.now();
      this.world.stopwatch.wasCut();
    }
    // live events above a hole that no GET has filled are not held
    if (this.isSubscribed) this.cursor = Math.max(this.cursor, this.position);
    this.isSubscribed = false;
    this.isDone = false;
    this.#connection += 1;
  }

  /** The client disconnected on purpose. */
  left() {
    this.isDone = false;
    this.ended();
  }

  // Pages, or the number missing in one, and one more or less than that.
  #pickLimit() {
    const { rng } = this;
    const near = this.base - this.cursor + rng.between(-1, 1);
    return Math.max(1, Math.min(1000, rng.pick([rng.between(50, 1000), near])));
  }

  async #backfill(connection) {
    const isPaged = this.rng.next() < 0.5;
    const isOpen = this.rng.next() < 0.5; // all that there is, not up to base
    const limit = isPaged ? this.#pickLimit() : undefined;
    while (connection === this.#connection && this.cursor < this.base) {
      const got = await this.#get(this.cursor,
        isOpen ? undefined : this.base, limit);
      if (connection !== this.#connection) return;
      if (got === undefined) await pause(RETRY_MS);
      else this.cursor = got;
    }
    if (connection !== this.#connection) return;
    this.isDone = true;
    if (this.#cutAt !== undefined) this.world.stopwatch.isBack(this.#cutAt);
    this.#cutAt = undefined;
  }

  /**
   * Reads after … until, or the head; resolves to the last id, or undefined.
   */
  async #get(after, until, limit) {
    const query = `channel=${this.channel.name}&after_id=${after}&epoch=${
      this.world.epoch}${until ? `&until_id=${until}` : ''}${
      limit ? `&limit=${limit}` : ''}`;
    const floor = Math.max(this.base, this.channel.maxAnswered);
    let answer;
    try {
      answer = await this.world.http.request('GET', `/messages?${query}`);
    } catch {
      return undefined;
    }
    if (answer.status >= 500) return undefined;
    return this.#take(answer, { after, until, limit, floor, query });
  }

  #take({ status, text }, { after, until, limit, floor, query }) {
    const wrong = (what) => {
      this.report.violated('I5', `${this.who}: GET ${query}: ${what}`);
    };
    let page;
    this.report.checked('I5');
    try {
      page = JSON.parse(text);
    } catch {
      wrong(`no JSON, and complete: …${text.slice(-100)}`);
      return undefined;
    }
    if (status !== 200) {
      wrong(`${status} ${text.slice(0, 200)}`);
      return undefined;
    }
    const { results } = page;
    const end = until ?? page.head;
    const wanted = Math.min(end - after, limit ?? Infinity);
    if (page.head < floor) wrong(`head ${page.head} is below ${floor}`);
    if (results.length !== wanted) wrong(`${results.length}, not ${wanted}`);
    for (const [i, { id }] of results.entries()) {
      if (id !== after + 1 + i) {
        wrong(`${id} in place of ${after + 1 + i}`);
        break;
      }
    }
    if (page.has_more !== (after + results.length < end)) {
      wrong(`has_more ${page.has_more} at ${after + results.length}`);
    }
    if (results.length > 0) this.channel.sawResults(results, text, this.who);
    return results.length > 0 ? results.at(-1).id : undefined;
  }
}
