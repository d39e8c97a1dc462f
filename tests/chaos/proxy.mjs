// SPDX-License-Identifier: MIT
//
// A TCP proxy before nginx that can stop carrying anything, in both
// directions and without a word: what a lost network looks like from both
// ends.

import net from 'node:net';

export class Proxy {
  #pairs = new Set();
  #isDead = false;

  static async open(port) {
    const proxy = new Proxy();
    proxy.server = net.createServer((client) => proxy.#carry(client, port));
    await new Promise((resolve) => {
      proxy.server.listen(0, '127.0.0.1', resolve);
    });
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  #carry(client, port) {
    const server = net.connect(port, '127.0.0.1');
    const pair = [client, server];
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [server, client]]) {
      from.on('data', (bytes) => { if (!this.#isDead) to.write(bytes); });
      // an end is a packet, too
      from.on('close', () => { if (!this.#isDead) to.destroy(); });
      from.on('error', () => {});
    }
    if (this.#isDead) for (const end of pair) end.pause();
  }

  /** From now on nothing passes. */
  die() {
    this.#isDead = true;
    for (const pair of this.#pairs) for (const end of pair) end.pause();
  }

  /** New connections pass; of the old ones the clients learn that they are
   * over, the servers nothing until forget(). */
  revive() {
    this.#isDead = false;
    this.old = this.#pairs;
    this.#pairs = new Set();
    for (const [client, server] of this.old) {
      server.removeAllListeners('close');
      client.removeAllListeners('close');
      client.destroy();
    }
  }

  forget() {
    for (const [, server] of this.old ?? []) server.destroy();
  }

  close() {
    this.server.close();
    this.forget();
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
  }
}
