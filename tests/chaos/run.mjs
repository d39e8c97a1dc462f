// SPDX-License-Identifier: MIT
//
// One run: a world, its plan, its report.

import { FAULTS } from './faults.mjs';
import { makePlan, printPlan } from './plan.mjs';
import { Report } from './report.mjs';
import { World } from './world.mjs';

/**
 * faults: names, if not all; switches: of the programs' test build;
 * isFirstEnough: ends at the first violation.
 */
export async function runChaos({ seed, seconds, say = () => {}, faults,
  isFirstEnough = false, ...options }) {
  let stop;
  const stopped = new Promise((resolve) => { stop = resolve; });
  const report = new Report({ say,
    onViolation: () => { if (isFirstEnough) stop(); } });
  const names = faults ?? Object.keys(FAULTS);
  const plan = makePlan(seed, seconds, names);
  say(`# CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds}`);
  printPlan(plan, (line) => say(`# ${line}`));
  for (const name of names) report.fault(name);

  const world = await World.open({ ...options, seed, report });
  const isStopped = () => isFirstEnough && report.violations > 0;
  try {
    for (const [i, round] of plan.entries()) {
      const done = world.round(round);
      done.catch(() => {}); // told below, unless a violation is enough
      await Promise.race([done, stopped]);
      if (isStopped()) break;
      const { stored } = world.ledger;
      say(`# ${report.seconds.toFixed(0)} s: round ${i + 1} of ${
        plan.length}: ${stored} stored, ${world.answered} answered, ${
        world.retries} retries, ${world.refused} refused connections, all at ${
        ''}the head after ${world.settleMs} ms, ${report.violations} violations`);
    }
  } catch (error) {
    if (!isStopped()) throw world.stack.explain(error);
  } finally {
    await world.close().catch((error) => {
      if (!isStopped()) throw error;
    });
  }
  return { report, stored: world.ledger.stored };
}
