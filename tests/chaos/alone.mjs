// SPDX-License-Identifier: MIT
//
// make chaos-alone: one fault after the other, each in quiet surroundings, and
// its cost, the median of CHAOS_TIMES: a table in Markdown. CHAOS_FAULTS
// selects faults by a part of their names. Exits with 1 if an invariant was
// broken.

import { FAULTS } from './faults.mjs';
import { runChaos } from './run.mjs';

const LEAD_MS = 2000;
const FAULT_MS = 2000; // of those that last
const TAIL_MS = 3000; // of posts, after its end
const TIMES = Number(process.env.CHAOS_TIMES || 3);
const seed = Number(process.env.CHAOS_SEED || 1);

const NONE = 'none, to compare';
const names = Object.keys(FAULTS)
  .filter((name) => name.includes(process.env.CHAOS_FAULTS ?? ''));
const costs = new Map([NONE, ...names].map((name) => [name, []]));

const rounds = [...costs.keys()].flatMap((name) =>
  Array.from({ length: TIMES }, (_, i) => ({
    of: name,
    faults: [{ name, atMs: LEAD_MS, ms: FAULT_MS, seed: seed + i }],
    tailMs: TAIL_MS, waits: true,
  })));
FAULTS[NONE] = { of: 'nothing', inject: async () => {} };

function median(list) {
  return list.sort((a, b) => a - b)[list.length >> 1];
}

const told = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

const { report, stored } = await runChaos({ seed, plan: rounds, posters: 12,
  say: (line) => process.stderr.write(`${line}\n`),
  onRound: ({ of }, { stopwatch }) => costs.get(of).push({ ...stopwatch }) });

process.stdout.write(`| fault | no post answered for | slowest post | oldest event pushed | connections cut | back and complete after |
|---|---|---|---|---|---|
`);
for (const [name, all] of costs) {
  const why = report.fault(name).skipped;
  const of = (what) => median(all.map((each) => each[what]));
  process.stdout.write(why ? `| ${name} | not done: ${why} | | | | |\n`
    : `| ${name} | ${told(of('quiet'))} | ${told(of('slowest'))} | ${
      told(of('lag'))} | ${of('cut') || ''} | ${
      of('cut') ? told(of('back')) : ''} |\n`);
}
process.stdout.write(`\n${stored} messages stored, ${
  report.violations} violations\n`);
process.exit(report.violations === 0 ? 0 : 1);
