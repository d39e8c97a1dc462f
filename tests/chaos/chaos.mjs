// SPDX-License-Identifier: MIT
//
// make chaos: CHAOS_SECONDS (default 240, or the argument) of faults drawn from
// CHAOS_SEED (default: random, and printed). Prints TAP; exits with 1 if an
// invariant was broken or never exercised, or if a fault was never injected.

import { runChaos } from './run.mjs';

const seconds = Number(process.argv[2] || process.env.CHAOS_SECONDS || 240);
const seed = Number(process.env.CHAOS_SEED || Date.now() % 1_000_000);
const say = (line) => process.stdout.write(`${line}\n`);
const comment = (line) => say(line.startsWith('#') ? line : `# ${line}`);

try {
  const { report, stored } = await runChaos({ seed, seconds, say: comment });
  report.tap(say);
  say(`# ${stored} messages stored; repeat it by CHAOS_SEED=${seed}`);
  process.exit(report.isGood ? 0 : 1);
} catch (error) {
  say(`Bail out! ${error.message.split('\n')[0]}`);
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}
