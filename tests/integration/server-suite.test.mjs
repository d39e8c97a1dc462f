// SPDX-License-Identifier: MIT
//
// The official server library's own remote tests, from its npm package, run
// against this stack with mocha, as its authors run them. They need mocha,
// expect.js and https-proxy-agent, which package.json therefore lists.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { startStack } from '../stack.mjs';
import { KEY } from './clients.mjs';

const require = createRequire(import.meta.url);
const MOCHA = require.resolve('mocha/bin/mocha');
const SUITE = path.join(path.dirname(require.resolve('pusher/package.json')),
  'tests/remote');
const TESTS = 7;
const TIMEOUT_MS = 30_000; // of each: the machine may be busy
const SECRET = 'the secret of the suite';
// One of its tests opens a proxy at a fixed port: only one suite runs at a time
// on this machine.
const ALONE = ['flock', '/tmp'];

/** The report of mocha's JSON reporter. */
function runSuite(origin) {
  const url = new URL('/apps/1', origin);
  url.username = KEY;
  url.password = SECRET;
  const [file, ...args] = [...ALONE, process.execPath, MOCHA, '--exit',
    '--timeout', String(TIMEOUT_MS), '--recursive', '--reporter', 'json', SUITE];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PUSHER_URL: String(url) } });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (more) => { text += more; });
    child.on('error', reject);
    child.on('close', () => {
      try {
        resolve(JSON.parse(text));
      } catch {
        reject(new Error(`mocha said: ${text}`));
      }
    });
  });
}

test('the remote suite of the pusher package passes', async (t) => {
  const stack = await startStack({ env: { PUSHLOG_APP_SECRET: SECRET } });
  t.after(() => stack.stop());
  await stack.logged(async () => {
    const { tests } = await runSuite(stack.origin);
    for (const { fullTitle, err } of tests) {
      await t.test(fullTitle, () => {
        assert.deepEqual(err, {});
      });
    }
    assert.equal(tests.length, TESTS);
  })();
});
