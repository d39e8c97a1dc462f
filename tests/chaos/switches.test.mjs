// SPDX-License-Identifier: MIT
//
// The checker must be able to fail: with each of these bugs switched on, it
// reports violations, and soon. No normal build contains the switches.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runChaos } from './run.mjs';

const SECONDS = 110;
const HINTS_ARE_LOST = ['CLIENT KILL TYPE pubsub', 'kill -9 of Redis',
  'kill -9 between COMMIT and PUBLISH', 'Redis is unavailable and comes back empty'];
const WRITERS_DIE = ['kill -9 of messages-fcgi', 'CLIENT KILL TYPE pubsub',
  "kill -9 of a committer's backend"];

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** One of these invariants must break. */
function caught(name, { expected, ...options }) {
  test(`the checker detects: ${name}`, async (t) => {
    const started = Date.now();
    const { report } = await runChaos({ seed: 1, seconds: SECONDS,
      enough: expected, hasDisk: false, posters: 24, scale: 0.5, ...options });
    t.diagnostic(`${report.broken.join(', ')} after ${
      Math.round((Date.now() - started) / 1000)} s`);
    assert.ok(report.broken.some((broken) => expected.includes(broken)),
      `it found ${report.broken.join(', ') || 'nothing'}, not ${expected}`);
  });
}

caught('no head poll', { switches: 'no-head-poll', faults: HINTS_ARE_LOST,
  expected: ['I10'] });
caught('delivering past a hole', { switches: 'skip-holes',
  faults: HINTS_ARE_LOST, expected: ['I6'] });
caught('forwarding in the order of Redis', { switches: 'redis-order',
  faults: HINTS_ARE_LOST, expected: ['I6'] });
caught('ids from a sequence', { faults: WRITERS_DIE,
  expected: ['I4', 'I5'],
  prepare: (stack) => stack.psql(fs.readFileSync(file('sequence.sql'), 'utf8')) });

const PROGRAMS = ['messages-fcgi', 'relay'];
const WORDS = /chaos|after-commit|after-publish|no-head-poll|skip-holes|redis-order/i;

function wordsIn(program) {
  const run = (command, args) => execFileSync(command, args,
    { encoding: 'latin1', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
  return `${run('nm', [program])}${run('strings', ['-a', program])}`
    .split('\n').filter((line) => WORDS.test(line));
}

for (const program of PROGRAMS) {
  test(`a normal build of ${program} contains no switch`, () => {
    assert.notDeepEqual(wordsIn(file(`../../build/chaos/${program}`)), []);
    assert.deepEqual(wordsIn(file(`../../build/${program}`)), []);
  });
}
