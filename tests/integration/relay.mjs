// SPDX-License-Identifier: MIT
//
// A relay beside the one of a stack, on the same PostgreSQL and Redis, with its
// own settings: tests that need small limits start no stack of their own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { children, until } from '../stack.mjs';

import { KEY } from './clients.mjs';

export const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));

/** The environment of a program that serves a stack in place of its own one. */
export function environment(stack, role) {
  return {
    PATH: process.env.PATH,
    PUSHLOG_APP_KEY: KEY,
    PUSHLOG_APP_SECRET: 'a secret for tests only',
    PUSHLOG_DATABASE: `host=${stack.sockets} dbname=pushlog user=${role}`,
    PUSHLOG_REDIS: `unix:${stack.sockets}/redis.sock`,
  };
}

/**
 * Resolves when it answers; listens on a Unix socket, which is `socket`, or at
 * the port of 127.0.0.1 in PUSHLOG_LISTEN, with an `origin`. It is stopped with
 * the test that started it, and must exit cleanly.
 */
export async function startRelay(stack, env = {}, program = `${BUILD}relay`) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-relay-'));
  const relay = new RelayProcess(stack, env, program, folder);
  after(() => relay.stop());
  await until('the relay accepts connections', async () => relay.exit ||
    (await connects(relay.at) && relay.workers().length > 0));
  if (relay.exit) throw new Error(`the relay ended: ${relay.said}`);
  return relay;
}

/** Whether the address accepts connections; rejects if it refuses them. */
export function connects(at) {
  return new Promise((resolve, reject) => {
    const connection = net.connect(at, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', reject);
  });
}

class RelayProcess {
  #child;
  #folder;

  constructor(stack, env, program, folder) {
    this.#folder = folder;
    this.socket = path.join(folder, 'relay.sock');
    if (env.PUSHLOG_LISTEN) this.origin = `http://${env.PUSHLOG_LISTEN}`;
    this.said = '';
    this.exit = undefined; // {code, signal}
    // setpriv: a test that dies, however it dies, takes its relay along
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', program], {
      env: {
        ...environment(stack, 'relay'),
        PUSHLOG_WORKERS: '1',
        PUSHLOG_LISTEN: `unix:${this.socket}`,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr.setEncoding('utf8');
    this.#child.stderr.on('data', (text) => { this.said += text; });
    // 'close', not 'exit': then all its output has arrived
    this.#child.on('close', (code, signal) => {
      this.exit = { code, signal };
    });
    this.#child.on('error', (error) => { this.exit = { error }; });
  }

  get pid() {
    return this.#child.pid;
  }

  /** The address for net.connect. */
  get at() {
    if (!this.origin) return this.socket;
    const { hostname: host, port } = new URL(this.origin);
    return { host, port: Number(port) };
  }

  workers() {
    return children(this.pid);
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  /** Stops it as a service manager would, and asserts a clean exit. */
  async stop() {
    if (!this.exit) this.kill('SIGTERM');
    try {
      await until('the relay stops', () => this.exit);
      assert.deepEqual(this.exit, { code: 0, signal: null }, this.said);
    } finally {
      this.kill('SIGKILL');
      fs.rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
