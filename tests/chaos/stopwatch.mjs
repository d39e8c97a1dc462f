// SPDX-License-Identifier: MIT
//
// The cost of a fault for the users of the stack, in ms, from start() to
// stop():
//
//   quiet     the longest time in which no post was answered
//   slowest   the longest time of one post, with its repetitions
//   lag       the greatest age of an event that arrived over a connection
//             which was open all the time
//   back      the longest time after which a client whose connection was cut
//             held everything again
//   cut       the number of connections that were cut

export class Stopwatch {
  #isOn = false;
  #answeredAt = 0;

  start() {
    Object.assign(this, { quiet: 0, slowest: 0, lag: 0, back: 0, cut: 0 });
    this.#answeredAt = Date.now();
    this.#isOn = true;
  }

  /** Posts end: the stopwatch no longer waits for them. */
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
