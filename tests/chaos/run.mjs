// SPDX-License-Identifier: MIT
//
// One run: a world, its plan, its report.

import { FAULTS } from './faults.mjs';
import { makePlan, tellRound } from './plan.mjs';
import { Report } from './report.mjs';
import { World } from './world.mjs';

/**
 * Runs rounds until the seconds are over and everything had its turn, which
 * takes longer on a busy machine. faults: names, if not all; plan: other rounds
 * than the seed's, all of them; onRound(round, world): after each; switches: of
 * the programs' test build; enough: names of invariants, the first violation of
 * which ends the run. A Ctrl-C ends it.
 */
export async function runChaos({ seed, seconds = Infinity, say = () => {}, faults,
  plan, onRound = () => {}, enough = [], ...options }) {
  let stop;
  let isInterrupted = false;
  const stopped = new Promise((resolve) => { stop = resolve; });
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => {
      isInterrupted = true;
      stop();
    });
  }
  const report = new Report({ say,
    onViolation: (name) => { if (enough.includes(name)) stop(); } });
  const names = faults ?? Object.keys(FAULTS);
  const rounds = plan ?? makePlan(seed, seconds, names);
  say(`# CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds}`);
  for (const name of names) report.fault(name);

  const world = await World.open({ ...options, seed, report });
  const isStopped = () => isInterrupted ||
    report.broken.some((name) => enough.includes(name));
  try {
    for (const [i, round] of rounds.entries()) {
      say(`# round ${i + 1}: ${tellRound(round)}`);
      const done = world.round(round);
      done.catch(() => {}); // told below, unless a violation is enough
      await Promise.race([done, stopped]);
      if (isStopped()) break;
      await onRound(round, world);
      const { stored } = world.ledger;
      say(`# ${report.seconds.toFixed(0)} s: round ${i + 1}: ${
        stored} stored, ${world.answered} answered, ${world.retries} retries, ${
        world.refused} refused connections, all at the head after ${
        world.settleMs} ms, ${report.violations} violations`);
      if (report.seconds >= seconds &&
        (report.isWhole || enough.length > 0)) break;
    }
  } catch (error) {
    if (!isStopped()) throw world.stack.explain(error);
  } finally {
    await world.close().catch((error) => {
      if (!isStopped()) throw error;
    });
  }
  if (isInterrupted) throw new Error('interrupted');
  return { report, stored: world.ledger.stored };
}
