// SPDX-License-Identifier: MIT
//
// A network of its own for some clients, which can be lost: packets vanish in
// both directions, and no connection is closed. A namespace with a virtual
// cable to the stack; a proxy inside it forwards a Unix socket to nginx.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROXY = fileURLToPath(new URL('network-proxy.mjs', import.meta.url));
const NOBODY = '02:00:00:00:00:01'; // no card has it: what goes there is lost
const FIRST_GUEST = 2;
const LAST_GUEST = 254;

const ip = (...args) => execFileSync('ip', args,
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Networks left by killed runs. */
function deleteLeftOvers() {
  for (const [space, pid] of ip('netns', 'list').matchAll(/^pushlog-(\d+)/gm)) {
    if (!fs.existsSync(`/proc/${pid}`)) ip('netns', 'delete', space);
  }
}

export class Network {
  #guest = FIRST_GUEST;

  /** Throws without the right to make networks. */
  constructor(folder) {
    deleteLeftOvers();
    // of the addresses that RFC 2544 reserves for tests
    const subnet = `198.18.${process.pid % 256}`;
    this.subnet = subnet;
    this.host = `${subnet}.1`;
    this.space = `pushlog-${process.pid}`;
    this.cable = `pl${process.pid}`;
    this.socket = path.join(folder, 'network.sock');
    ip('netns', 'add', this.space);
    try {
      ip('link', 'add', this.cable, 'type', 'veth',
        'peer', 'name', 'guest', 'netns', this.space);
      ip('address', 'add', `${this.host}/24`, 'dev', this.cable);
      ip('link', 'set', this.cable, 'up');
      this.#inside('link', 'set', 'guest', 'up');
      this.#inside('address', 'add', `${this.guest}/24`, 'dev', 'guest');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get guest() {
    return `${this.subnet}.${this.#guest}`;
  }

  #inside(...args) {
    return ip('-netns', this.space, ...args);
  }

  /** From now on clients reach nginx's port through the socket. */
  async open(port) {
    this.proxy = spawn('ip', ['netns', 'exec', this.space, process.execPath, PROXY,
      this.socket, this.host, String(port)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(this.proxy.stdout, 'data');
  }

  /** From now on no packet passes. */
  lose() {
    ip('neighbour', 'replace', this.guest, 'lladdr', NOBODY, 'dev', this.cable,
      'nud', 'permanent');
    this.#inside('neighbour', 'replace', this.host, 'lladdr', NOBODY,
      'dev', 'guest', 'nud', 'permanent');
  }

  /**
   * The clients come from another address. nginx never hears of the connections
   * that were open at the old one.
   */
  async find() {
    const old = this.guest;
    this.#guest = this.#guest === LAST_GUEST ? FIRST_GUEST : this.#guest + 1;
    ip('neighbour', 'flush', 'to', this.guest, 'nud', 'permanent');
    this.#inside('address', 'delete', `${old}/24`, 'dev', 'guest');
    this.proxy.stdin.write('drop\n'); // their FINs are lost: no address
    await once(this.proxy.stdout, 'data');
    this.#inside('address', 'add', `${this.guest}/24`, 'dev', 'guest');
    this.#inside('neighbour', 'replace', this.host, 'lladdr',
      this.#cardOf(), 'dev', 'guest', 'nud', 'reachable');
  }

  #cardOf() {
    return JSON.parse(ip('-json', 'link', 'show', this.cable))[0].address;
  }

  close() {
    this.proxy?.stdin.end();
    try {
      ip('netns', 'delete', this.space); // the cable goes with its end
    } catch { /* it never was */ }
  }
}
