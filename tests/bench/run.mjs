// SPDX-License-Identifier: MIT
//
// make bench: measures relay and its peers, then messages-fcgi and its peers, in
// BENCH_ROUNDS interleaved rounds; writes medians and goals to build/bench/.
//
//   BENCH_ROUNDS   default 5
//   BENCH_SECONDS  default 3: length of each measurement, after a second of warm-up
//   BENCH_POSTS    default 2000: posts a second of post-to-screen
//   BENCH_ONLY     scenarios, separated by commas; relay or http for one half;
//                  default all
//   BENCH_OUT      default build/bench: the folder for tables and plots;
//                  docs/performance.md shows those in tests/bench/results. The
//                  numbers of each run are in build/bench/*.json

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { SERVER_CORE, measure, startBench } from './bench.mjs';
import { measureHttp } from './http.mjs';
import { HTTP_SCENARIOS } from './http_scenarios.mjs';
import { Front, missingPeers } from './http_servers.mjs';
import { markdown, summarize, svg } from './report.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { BUILD, installAll } from './servers.mjs';

const rounds = Number(process.env.BENCH_ROUNDS || 5);
const seconds = Number(process.env.BENCH_SECONDS || 3);
const only = process.env.BENCH_ONLY?.split(',');
const out = process.env.BENCH_OUT || path.join(BUILD, 'bench');

/** file: the name of its results. open(stack) returns {measure, tell, close}. */
const HALVES = [
  {
    name: 'relay',
    file: 'results',
    scenarios: SCENARIOS,
    missing: installAll,
    open: async (stack) => ({
      measure: (scenario, run) => measure(stack, scenario, run, { seconds }),
      tell: ({ cpu_us: cpu, p99_ms: p99, lost }) =>
        `${cpu} µs, p99 ${p99} ms, lost ${lost}`,
      close: async () => {},
    }),
  },
  {
    name: 'http',
    file: 'http',
    scenarios: HTTP_SCENARIOS,
    missing: missingPeers,
    open: async (stack) => {
      const front = new Front(stack, SERVER_CORE);
      await front.start();
      return {
        measure: (scenario, run) =>
          measureHttp(front, scenario, run, { seconds }),
        tell: ({ per_second: rate, cpu_us: cpu, p50_ms: p50, failed }) =>
          `${rate ?? ''} a second, ${cpu ?? ''} µs, p50 ${p50} ms, failed ${
            failed}`,
        close: () => front.stop(),
      };
    },
  },
];

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** One result, or null after printing an error; the other runs continue. */
async function attempt(bench, name, scenario, run) {
  try {
    const result = await bench.measure(scenario, run);
    say(`${name}: ${bench.tell(result)}`);
    return result;
  } catch (error) {
    say(`${name}: ${error.message} ${error.stderr ?? ''}`.trimEnd());
    return null;
  }
}

async function round(bench, { chosen, about, results }) {
  for (const scenario of chosen) {
    const all = results[scenario.name];
    for (const run of scenario.runs) {
      if (run.server in about.missing) continue;
      const name = `${about.rounds + 1}/${rounds} ${scenario.name} ${run.name}`;
      all[run.name] = [...all[run.name] ?? [],
        await attempt(bench, name, scenario, run)];
    }
  }
  about.rounds += 1;
}

function write({ file, chosen, about, results }) {
  const summary = summarize(chosen, results);
  const table = markdown(summary, about);
  fs.mkdirSync(out, { recursive: true });
  fs.mkdirSync(path.join(BUILD, 'bench'), { recursive: true });
  fs.writeFileSync(path.join(BUILD, 'bench', `${file}.json`),
    `${JSON.stringify({ ...about, results })}\n`);
  fs.writeFileSync(path.join(out, `${file}.md`), table);
  fs.writeFileSync(path.join(out, `${file}.svg`), svg(summary));
  return table;
}

async function runHalf(half) {
  const chosen = half.scenarios.filter(({ name }) =>
    !only || only.includes(name) || only.includes(half.name));
  if (chosen.length === 0) return;
  const about = { started: new Date(), rounds: 0, seconds,
    load: os.loadavg()[0], missing: half.missing() };
  const results = Object.fromEntries(chosen.map(({ name }) => [name, {}]));
  const state = { ...half, chosen, about, results };
  for (const [name, why] of Object.entries(about.missing)) {
    say(`${name} is missing: ${why}`);
  }
  const stack = await startBench();
  let bench;
  try {
    bench = await half.open(stack);
    while (about.rounds < rounds) {
      await round(bench, state);
      write(state); // keep the results of an interrupted run
    }
  } finally {
    await bench?.close();
    await stack.stop();
  }
  say(`\n${write(state)}\nwritten to ${out}/`);
}

for (const half of HALVES) await runHalf(half);
