// SPDX-License-Identifier: MIT
//
// network-proxy.mjs SOCKET HOST PORT: forwards connections of the Unix socket to
// HOST over TCP. A line `drop` destroys all connections, and is answered; the
// end of the input ends the program.

import net from 'node:net';
import readline from 'node:readline';

const [socket, host, port] = process.argv.slice(2);
const pairs = new Set();

const server = net.createServer((near) => {
  const far = net.connect(Number(port), host);
  const pair = [near, far];
  const end = () => {
    pairs.delete(pair);
    for (const each of pair) each.destroy();
  };
  pairs.add(pair);
  for (const each of pair) each.on('close', end).on('error', () => {});
  near.pipe(far).pipe(near);
});
server.listen(socket, () => process.stdout.write('open\n'));

readline.createInterface({ input: process.stdin })
  .on('line', () => {
    for (const pair of pairs) for (const each of pair) each.destroy();
    process.stdout.write('dropped\n');
  })
  .on('close', () => process.exit(0));
