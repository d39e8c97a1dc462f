// SPDX-License-Identifier: MIT
//
// The messages of one channel that the page holds, and the ranges that it
// lacks. Pure: no network, no clock.
//
// Ids are dense, so two numbers describe the held range:
//
//     not asked for | held without a hole | live ahead of a hole
//                  floor ……………… cursor
//
// Every id from floor to cursor is here. Messages that arrive during a backfill
// may lie above cursor + 1; the backfill closes the hole.

export class MessageLog {
  constructor() {
    this.reset();
  }

  /** Forgets everything: the ids may belong to other messages now. */
  reset() {
    this.epoch = undefined;
    this.floor = undefined; // undefined until the first page is here
    this.cursor = undefined;
    this.hasOlder = false;
    this.items = []; // ascending by id; a new array for every change
    this.ids = new Set();
  }

  get isLoaded() {
    return this.cursor !== undefined;
  }

  /** Whether this message would leave a hole behind it. */
  isAhead(message) {
    return this.isLoaded && message.id > this.cursor + 1;
  }

  /** One message, pushed or the answer to a post; a known one is ignored. */
  add(message) {
    this.#merge([message]);
    this.#advance();
  }

  /** The first page: the newest messages. */
  addNewest({ results, head, epoch, has_more: hasMore }) {
    const last = results.at(-1)?.id ?? 0;
    this.epoch = epoch;
    this.cursor = Math.max(head ?? 0, last);
    this.floor = results[0]?.id ?? this.cursor + 1;
    this.hasOlder = Boolean(hasMore);
    // a live message from before this page and below it has a hole above it: it
    // arrives again with the older messages
    this.items = this.items.filter(({ id }) => id >= this.floor);
    this.ids = new Set(this.items.map(({ id }) => id));
    this.#merge(results);
    this.#advance();
  }

  /**
   * The answer to after_id=cursor, and until_id=until if that is given. True if
   * there is more to request.
   */
  addAfter({ results, head, epoch, has_more: hasMore }, until = Infinity) {
    const last = results.at(-1)?.id ?? this.cursor;
    // a complete answer covers every id of its range, present or not
    const end = hasMore ? last : Math.max(last, Math.min(head ?? last, until));
    this.epoch ??= epoch;
    this.cursor = Math.max(this.cursor, end);
    this.#merge(results);
    this.#advance();
    return Boolean(hasMore) && results.length > 0 && last < until;
  }

  /** The answer to before_id=floor. */
  addBefore({ results, has_more: hasMore }) {
    this.floor = results[0]?.id ?? this.floor;
    this.hasOlder = Boolean(hasMore) && results.length > 0;
    this.#merge(results);
  }

  #merge(messages) {
    const fresh = messages.filter((it) =>
      isMessage(it) && !this.ids.has(it.id) && !(it.id < this.floor));
    if (fresh.length === 0) return;
    for (const { id } of fresh) this.ids.add(id);
    this.items = [...this.items, ...fresh].sort((a, b) => a.id - b.id);
  }

  #advance() {
    if (!this.isLoaded) return;
    while (this.ids.has(this.cursor + 1)) this.cursor += 1;
  }
}

/** Whether this is a well-formed chat message. Others are not shown. */
export function isMessage(it) {
  return typeof it === 'object' && it !== null &&
    Number.isSafeInteger(it.id) && typeof it.name === 'string' &&
    typeof it.text === 'string';
}
