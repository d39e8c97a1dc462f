// SPDX-License-Identifier: MIT
//
// Which fault when: drawn from the seed alone, before anything starts. Each
// fault has its turn before any has a second one.

import { FAULTS } from './faults.mjs';
import { Random } from './prng.mjs';

const ROUND_MS = 14_000;
const SETTLE_MS = 2_000; // of each round, about
const LEAD_MS = 700; // before the first fault

/**
 * [{faults: [{name, atMs, ms}], tailMs}]: rounds of load, in which faults
 * begin at atMs and, if they last, last ms; tailMs: from the start of the last
 * fault to the end of the posts.
 */
export function makePlan(seed, seconds, names = Object.keys(FAULTS)) {
  const rng = new Random(seed);
  const rounds = Math.max(1,
    Math.round(seconds * 1000 / (ROUND_MS + SETTLE_MS)));
  // few rounds have to hold all of them
  const least = Math.ceil(names.length / rounds);
  const plan = [];
  let queue = rng.shuffle(names);

  const take = () => {
    if (queue.length === 0) queue = rng.shuffle(names);
    return queue.shift();
  };
  for (let i = 0; i < rounds; i += 1) {
    const count = Math.max(least, rng.between(3, 7));
    const step = (ROUND_MS - LEAD_MS - 2500) / count;
    const faults = Array.from({ length: count }, (_, n) => ({
      name: take(),
      atMs: LEAD_MS + Math.round((n + rng.next() * 0.8) * step),
      ms: rng.between(800, 3000),
    }));
    plan.push({ faults, tailMs: rng.between(0, 2500) });
  }
  return plan;
}

export function printPlan(plan, say) {
  for (const [i, { faults, tailMs }] of plan.entries()) {
    const list = faults.map(({ name, atMs, ms }) =>
      `${(atMs / 1000).toFixed(1)} s ${name} (${(ms / 1000).toFixed(1)} s)`);
    say(`round ${i + 1}: ${list.join('; ')}; posts end ${
      (tailMs / 1000).toFixed(1)} s after the last`);
  }
}
