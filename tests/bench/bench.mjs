// SPDX-License-Identifier: MIT
//
// One run of one server: start it, run the load generator, stop it. The load and
// the servers' backends share a core; the server has another one, if there are two.

import { execFile, execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { startStack } from '../stack.mjs';

import { BUILD, SERVERS, startServer } from './servers.mjs';

export const SERVER_CORE = os.cpus().length > 1 ? 0 : undefined;
const LOAD_CORE = os.cpus().length > 1 ? 1 : undefined;
const LIMIT_MS = 180_000;

const run = promisify(execFile);

/** A stack with PostgreSQL and Redis on one core, together with the load. Its own
 * relay has one worker, like every server here. */
export async function startBench() {
  if (LOAD_CORE !== undefined) {
    execFileSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)],
      { stdio: 'ignore' });
  }
  return startStack({ env: { PUSHLOG_WORKERS: '1' } });
}

let rooms = 0;

/**
 * The load generator's result for one run of a scenario. Calls and awaits
 * during(server) while the load runs.
 */
export async function measure(stack, scenario, { server, workers, load }, {
  seconds, during = () => {},
} = {}) {
  const running = await startServer(server, stack,
    { core: SERVER_CORE, workers });
  try {
    const env = {
      ...process.env,
      LOAD_SERVER: `127.0.0.1:${running.port}`,
      LOAD_REDIS: `unix:${stack.sockets}/redis.sock`,
      LOAD_PIDS: running.pids.join(),
      // new durable rooms, so that their ids begin at 1
      LOAD_ROOM: `room-${process.pid}-${rooms += 1}-`,
      LOAD_MEASURE_MS: (scenario.seconds ?? seconds) * 1000,
      ...SERVERS[server].load(stack),
      ...scenario.load,
      ...load,
    };
    const [{ stdout }] = await Promise.all([
      run(path.join(BUILD, 'load'), { env, timeout: LIMIT_MS }),
      during(running)]);
    return { ...JSON.parse(stdout), closed_slow:
      running.said.match(/cause=slow code=4100/g)?.length ?? 0 };
  } finally {
    await running.stop();
  }
}
