// SPDX-License-Identifier: MIT
//
// One run from POST to screen: a message is posted through nginx, stored, published,
// and pushed through nginx to the subscribers.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { BUILD, PUSHER } from './servers.mjs';

const LIMIT_MS = 180_000;
/** The form of a post; see `build/load --help`. */
export const FORM = 'channel=%&name=bench&text=@';
// the path of the WebSockets behind the port of each
const PATHS = { pushlog: '/app/pushlog-dev?protocol=7', bun: '/app/' };

const run = promisify(execFile);

/** The load generator's result, and the number of the room's stored posts. */
export async function measureScreen(front, room, load, { server, seconds }) {
  const peer = await front.startPeer(server);
  const bills = Object.values(front.bills);
  const relay = server === 'pushlog' ? [front.stack.pid('relay')] : [];
  try {
    const { stdout } = await run(path.join(BUILD, 'load'), {
      timeout: LIMIT_MS,
      env: {
        ...process.env,
        ...PUSHER,
        LOAD_SERVER: `127.0.0.1:${peer.port}`,
        LOAD_PATH: PATHS[server],
        LOAD_ROOM: room,
        LOAD_POST: '/messages',
        LOAD_FORM: FORM,
        LOAD_PIDS: [...peer.pids, ...relay, ...bills].join(),
        LOAD_MEASURE_MS: String(seconds * 1000),
        ...load,
      },
    });
    const result = JSON.parse(stdout);
    return { ...result, stored: result.published - result.failed };
  } finally {
    await peer.stop();
  }
}
