// SPDX-License-Identifier: MIT
//
// Delays and timers: the only file with a clock of its own.

const FIRST_MS = 500;
const MOST_MS = 15_000;

/** Doubles with each attempt; the random part keeps pages out of step. */
export function backoffMs(attempt, random = Math.random) {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return most / 2 + random() * most / 2;
}

/** Resolves after ms, or at once when the signal is aborted. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
