// SPDX-License-Identifier: MIT
//
// The clients that the tests use do not keep a test file from ending.

import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ENDS_MS = 15_000;

// A server closes the client with 4100; the client is closed a moment later,
// and the server is gone. The process must then have nothing left to do.
const PROGRAM = `
  import { WebSocketServer } from 'ws';
  import { closePusher, openPusher } from './clients.mjs';

  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('listening', () => {
    const pusher = openPusher(server.address());
    let plans = 0;
    pusher.connection.bind('connecting_in', () => {
      plans += 1;
      if (plans < 2) return;
      closePusher(pusher);
      server.close();
    });
  });
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ event: 'pusher:connection_established',
      data: JSON.stringify({ socket_id: '1.2', activity_timeout: 120 }) }));
    setImmediate(() => socket.close(4100));
  });
`;

test('a pusher-js client that is closed between two retries stays closed',
  async () => {
    await promisify(execFile)(process.execPath,
      ['--input-type=module', '--eval', PROGRAM],
      { cwd: fileURLToPath(new URL('.', import.meta.url)), timeout: ENDS_MS });
  });
