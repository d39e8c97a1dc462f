// SPDX-License-Identifier: MIT
//
// make bench: relay beside its peers, in turns, as often as BENCH_ROUNDS says;
// then the medians and what became of the goals, in build/bench/.
//
//   BENCH_ROUNDS   default 5
//   BENCH_SECONDS  default 3: measured in each run, after a second of warming up
//   BENCH_ONLY     scenarios, with commas; default all
//   BENCH_OUT      default build/bench: where the table and the plot go; what
//                  README.md shows is tests/bench/results. The numbers of each
//                  run are in build/bench/results.json

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { measure, startBench } from './bench.mjs';
import { markdown, summarize, svg } from './report.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { BUILD, installAll } from './servers.mjs';

const rounds = Number(process.env.BENCH_ROUNDS || 5);
const seconds = Number(process.env.BENCH_SECONDS || 3);
const only = process.env.BENCH_ONLY?.split(',');
const out = process.env.BENCH_OUT || path.join(BUILD, 'bench');

const chosen = SCENARIOS.filter(({ name }) => !only || only.includes(name));
const about = { started: new Date(), rounds: 0, seconds,
  load: os.loadavg()[0], missing: installAll() };
const results = Object.fromEntries(chosen.map(({ name }) => [name, {}]));

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** One result, or null: what fails is told, and the others go on. */
async function attempt(stack, scenario, run) {
  const name = `${about.rounds + 1}/${rounds} ${scenario.name} ${run.name}`;
  try {
    const result = await measure(stack, scenario, run, { seconds });
    say(`${name}: ${result.cpu_us} µs, p99 ${result.p99_ms} ms, lost ${
      result.lost}`);
    return result;
  } catch (error) {
    say(`${name}: ${error.message} ${error.stderr ?? ''}`.trimEnd());
    return null;
  }
}

async function round(stack) {
  for (const scenario of chosen) {
    const all = results[scenario.name];
    for (const run of scenario.runs) {
      if (run.server in about.missing) continue;
      all[run.name] = [...all[run.name] ?? [],
        await attempt(stack, scenario, run)];
    }
  }
  about.rounds += 1;
}

function write() {
  const summary = summarize(chosen, results);
  const table = markdown(summary, about);
  fs.mkdirSync(out, { recursive: true });
  fs.mkdirSync(path.join(BUILD, 'bench'), { recursive: true });
  fs.writeFileSync(path.join(BUILD, 'bench/results.json'),
    `${JSON.stringify({ ...about, results })}\n`);
  fs.writeFileSync(path.join(out, 'results.md'), table);
  fs.writeFileSync(path.join(out, 'results.svg'), svg(summary));
  return table;
}

for (const [name, why] of Object.entries(about.missing)) {
  say(`${name} is missing: ${why}`);
}
const stack = await startBench();
try {
  while (about.rounds < rounds) {
    await round(stack);
    write(); // so that the last word is not the only one
  }
} finally {
  await stack.stop();
}
say(`\n${write()}\nwritten to ${out}/`);
