// SPDX-License-Identifier: MIT
//
// The checks, the violations, and the faults that were active at the time.

const INVARIANTS = {
  I1: 'every message answered with 2xx is stored under its id',
  I2: 'no phantoms: every row was posted, and its bytes are the same everywhere',
  I3: 'one row for each idempotency key',
  I4: 'the ids of a channel are 1 … last_id',
  I5: 'every GET is a contiguous prefix of what follows its cursor',
  I6: 'on one connection live ids are base+1, base+2, …',
  I7: 'each client, over all its connections, holds exactly first … head',
  I8: 'every client saw the same in the same order as the log',
  I9: 'a post answered before another was sent has the lower id',
  I10: 'every client is at the head within 5 s of the end of the last fault',
  I11: 'a subscriber that cannot be served is closed, never skipped',
  I12: 'a post without an answer is stored once or not at all',
  I13: 'no process ends unless a fault or a stop ended it',
};

const DETAILS_MAX = 20;

export class Report {
  #started = Date.now();
  #counts = new Map(Object.keys(INVARIANTS)
    .map((name) => [name, { checks: 0, violations: 0 }]));
  #details = [];
  #faults = new Map(); // name → {injected, skipped}
  on = new Set(); // the faults that are on

  constructor({ say = () => {}, onViolation = () => {} } = {}) {
    this.say = say;
    this.onViolation = onViolation;
  }

  get seconds() {
    return (Date.now() - this.#started) / 1000;
  }

  get violations() {
    return [...this.#counts.values()]
      .reduce((sum, { violations }) => sum + violations, 0);
  }

  /** The names of the broken invariants. */
  get broken() {
    return [...this.#counts].filter(([, { violations }]) => violations > 0)
      .map(([name]) => name);
  }

  checked(name, count = 1) {
    this.#counts.get(name).checks += count;
  }

  /** Counts a check; tell() describes a failure. */
  check(name, isRight, tell) {
    this.#counts.get(name).checks += 1;
    if (!isRight) this.violated(name, tell());
  }

  violated(name, what) {
    const line = `${name} at ${this.seconds.toFixed(2)} s, faults on: ${
      [...this.on].join(', ') || 'none'}: ${what}`;
    this.#counts.get(name).violations += 1;
    if (this.#details.length < DETAILS_MAX) {
      this.#details.push([name, line]);
      this.say(`VIOLATION ${line}`);
    }
    this.onViolation(name);
  }

  fault(name) {
    if (!this.#faults.has(name)) {
      this.#faults.set(name, { injected: 0, skipped: undefined });
    }
    return this.#faults.get(name);
  }

  // --- the end, as TAP ---

  tap(write, { wantAll = true } = {}) {
    let count = 0;
    const line = (isRight, text, details = []) => {
      count += 1;
      write(`${isRight ? 'ok' : 'not ok'} ${count} - ${text}`);
      for (const detail of details) write(`# ${detail}`);
    };
    for (const [name, { checks, violations }] of this.#counts) {
      const isExercised = checks > 0 || !wantAll;
      line(violations === 0 && isExercised, `${name} ${INVARIANTS[name]}: ${
        checks} checks, ${violations} violations`,
      this.#details.filter(([of]) => of === name).map(([, text]) => text)
        .concat(isExercised ? [] : ['it was never exercised']));
    }
    for (const [name, { injected, skipped }] of this.#faults) {
      if (skipped) {
        count += 1;
        write(`ok ${count} - fault: ${name} # SKIP ${skipped}`);
      } else {
        line(injected > 0 || !wantAll, `fault: ${name}: ${injected} times`);
      }
    }
    write(`1..${count}`);
  }

  /** Whether every invariant and every fault had its turn. */
  get isWhole() {
    return [...this.#counts.values()].every(({ checks }) => checks > 0) &&
      [...this.#faults.values()].every(({ injected, skipped }) =>
        injected > 0 || skipped);
  }

  get isGood() {
    return this.violations === 0 && this.isWhole;
  }
}
