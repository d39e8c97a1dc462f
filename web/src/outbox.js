// SPDX-License-Identifier: MIT
//
// Messages that are not known to be stored. An entry leaves only when the
// server has answered with the stored message, or when its author discards it.
// Each has a key that the server stores at most once, so retrying is always
// safe, also after a reload.
//
// Entries are sent one after the other, so they are stored in the order of
// writing.

const PLACE = 'pushlog.outbox';

export class Outbox {
  #send;
  #storage;
  #pause;
  #onChange;
  #onStored;
  #wake = () => {};
  #isRunning = false;

  /**
   *   send      posts {key, name, text}; resolves to the stored message
   *   storage   getItem and setItem, with the lifetime that entries should have
   *   pause     pause(attempt, error, signal) waits before the next try
   *   onChange  called when entries have changed
   *   onStored  called with each stored message
   */
  constructor({ send, storage, pause, onChange, onStored }) {
    this.#send = send;
    this.#storage = storage;
    this.#pause = pause;
    this.#onChange = onChange;
    this.#onStored = onStored;
    this.entries = restore(storage);
  }

  add(name, text) {
    this.#set([...this.entries,
      { key: newKey(), name, text, state: 'sending' }]);
    this.run();
  }

  /** Retries this entry now. */
  retry(key) {
    this.#change(key, { state: 'sending', reason: undefined });
    this.run();
  }

  discard(key) {
    this.#set(this.entries.filter((entry) => entry.key !== key));
  }

  /** Sends the waiting entries; also ends a pause. */
  async run() {
    this.#wake();
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let attempt = 0, entry; (entry = this.#next());) {
      attempt = await this.#try(entry, attempt) ? 0 : attempt + 1;
    }
    this.#isRunning = false;
  }

  #next() {
    return this.entries.find(({ state }) => state !== 'refused');
  }

  // True if the entry's turn is over.
  async #try(entry, attempt) {
    const { key } = entry;
    try {
      const message = await this.#send(entry);
      this.#onStored(message);
      this.discard(key);
      return true;
    } catch (error) {
      const isFinal = error.status !== undefined && !error.isPassing;
      this.#change(key, {
        state: isFinal ? 'refused' : 'waiting',
        reason: error.message,
      });
      if (isFinal) return true;
      await this.#rest(attempt, error);
      return false;
    }
  }

  async #rest(attempt, error) {
    const control = new AbortController();
    this.#wake = () => control.abort();
    await this.#pause(attempt, error, control.signal);
    this.#wake = () => {};
  }

  #change(key, change) {
    this.#set(this.entries.map((entry) =>
      entry.key === key ? { ...entry, ...change } : entry));
  }

  #set(entries) {
    this.entries = entries;
    this.#storage.setItem(PLACE, JSON.stringify(
      entries.map(({ key, name, text }) => ({ key, name, text }))));
    this.#onChange();
  }
}

function restore(storage) {
  try {
    return JSON.parse(storage.getItem(PLACE) ?? '[]')
      .map(({ key, name, text }) => ({ key, name, text, state: 'waiting' }));
  } catch {
    return [];
  }
}

// crypto.randomUUID is missing where the page comes over plain http from a host
// other than localhost.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (it) => it.toString(16).padStart(2, '0')).join('');
}
