// SPDX-License-Identifier: MIT
//
// make profile: runs the load against relay, as make bench does, and prints the
// functions of relay and of the kernel that take the time. BENCH_ONLY names the
// scenario; the recording of perf stays in build/bench/.
//
// Where perf (linux-perf) is not installed or not allowed, this profiles relay
// without the kernel:
//     valgrind --tool=callgrind --trace-children=yes build/relay

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';

import { measure, startBench } from './bench.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { BUILD } from './servers.mjs';

const SECONDS = 5;
const BEGIN_MS = 2_500; // connected and warm by then
const LINES = 30;
const CALLS = /\] (__sys_\w+|ksys_\w+|do_epoll_\w+|handle_softirqs)$/;

const run = promisify(execFile);
const name = process.env.BENCH_ONLY || 'fan-out-1000';
const scenario = SCENARIOS.find((candidate) => candidate.name === name);
if (scenario === undefined) {
  throw new Error(`BENCH_ONLY is one of ${
    SCENARIOS.map((each) => each.name).join(', ')}`);
}
const data = path.join(BUILD, 'bench/perf.data');
fs.mkdirSync(path.dirname(data), { recursive: true });

async function record(relay) {
  await pause(BEGIN_MS);
  // a clock: virtual machines have no hardware counters
  await run('perf', ['record', '-q', '-e', 'cpu-clock', '-F', '4000', '-g',
    '-o', data, '-p', relay.pids.join(), '--', 'sleep', String(SECONDS - 2)]);
}

// The first matching lines, sorted by their share of the time.
async function report(fields, pattern, ...args) {
  const { stdout } = await run('perf', ['report', '-i', data, '--stdio',
    '-g', 'none', '-F', fields, ...args], { maxBuffer: 1 << 26 });
  return stdout.split('\n').map((line) => line.trimEnd())
    .filter((line) => pattern.test(line)).slice(0, LINES).join('\n');
}

const stack = await startBench();
try {
  const result = await measure(stack, scenario,
    scenario.runs.find(({ server }) => server === 'relay'),
    { seconds: SECONDS, during: record });
  process.stdout.write(`${[
    `${scenario.title}: ${result.cpu_us} µs per delivery, ${
      result.cpu_share} of a core`,
    await report('overhead,dso', /^ +\d/, '--no-children'),
    'system calls with all that they do, and in softirqs what a network card '
      + 'would have\nthe receiver do:',
    await report('overhead_children,sym', CALLS, '--children'),
    'functions:',
    await report('overhead,dso,sym', /^ +\d/, '--no-children'),
    `more: perf report -i ${data}`,
  ].join('\n\n')}\n`);
} finally {
  await stack.stop();
}
