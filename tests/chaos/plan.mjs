// SPDX-License-Identifier: MIT
//
// Which fault when: drawn from the seed alone, before anything starts. Each
// fault occurs once before any occurs twice.

import { FAULTS } from './faults.mjs';
import { Random } from './prng.mjs';

const ROUND_MS = 14_000;
const SETTLE_MS = 2_000; // of each round, about
const LEAST_MS = 8_000; // no round is shorter
const LEAD_MS = 700; // before the first fault

/**
 * [{faults: [{name, atMs, ms, seed}], tailMs}]: rounds of load, in which faults
 * begin at atMs and, if they last, last ms; seed: for the other random choices
 * of a fault; tailMs: from the start of the last fault to the end of the posts.
 * There are more rounds than a run has time for.
 */
export function makePlan(seed, seconds, names = Object.keys(FAULTS)) {
  const rng = new Random(seed);
  const rounds = Math.ceil(seconds * 1000 / LEAST_MS);
  // the rounds that fit into the time must contain every fault
  const least = Math.ceil(names.length /
    Math.max(1, Math.floor(seconds * 1000 / (ROUND_MS + SETTLE_MS))));
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
      seed: rng.between(0, 2 ** 31 - 1),
    }));
    plan.push({ faults, tailMs: rng.between(0, 2500) });
  }
  return plan;
}

/** The faults of a round. */
export function tellRound({ faults, tailMs }) {
  const list = faults.map(({ name, atMs, ms }) =>
    `${(atMs / 1000).toFixed(1)} s ${name} (${(ms / 1000).toFixed(1)} s)`);
  return `${list.join('; ')}; posts end ${
    (tailMs / 1000).toFixed(1)} s after the last`;
}
