// SPDX-License-Identifier: MIT
//
// What a fault costs those who use the stack, in ms, from start() to stop():
//
//   quiet     the longest time in which no post was answered
//   slowest   the longest that one post took, its repetitions included
//   lag       the most that an event was old when it came over a connection
//             that had stood all the time
//   back      the longest that a client whose connection was cut had to wait
//             until it held everything again
//   cut       how many connections were

export class Stopwatch {
  #isOn = false;
  #answeredAt = 0;

  start() {
    Object.assign(this, { quiet: 0, slowest: 0, lag: 0, back: 0, cut: 0 });
    this.#answeredAt = Date.now();
    this.#isOn = true;
  }

  /** Posts end: they are no longer waited for. */
  postsEnd() {
    if (this.#isOn) this.#heard();
    this.#answeredAt = 0;
  }

  stop() {
    this.#isOn = false;
  }

  #heard() {
    if (this.#answeredAt === 0) return;
    const now = Date.now();
    this.quiet = Math.max(this.quiet, now - this.#answeredAt);
    this.#answeredAt = now;
  }

  #longest(name, since) {
    if (this.#isOn) this[name] = Math.max(this[name], Date.now() - since);
  }

  answered(sentAt) {
    if (!this.#isOn) return;
    this.#heard();
    this.#longest('slowest', sentAt);
  }

  pushed(storedAt) {
    this.#longest('lag', storedAt);
  }

  wasCut() {
    if (this.#isOn) this.cut += 1;
  }

  isBack(cutAt) {
    this.#longest('back', cutAt);
  }
}
