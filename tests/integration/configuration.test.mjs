// SPDX-License-Identifier: MIT
//
// Both programs report each error of their configuration and exit with 1, and
// show the configuration that is valid.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { BUILD } from './relay.mjs';

const PROGRAMS = ['messages-fcgi', 'relay'];
const SECRET = 'a secret that nobody knows';
const DEADLINE_MS = 10_000;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-conf-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

function file(name, content) {
  const full = path.join(folder, name);
  fs.writeFileSync(full, content);
  return full;
}

const RIGHT = {
  PUSHLOG_APP_KEY: 'key-1', PUSHLOG_APP_SECRET: SECRET,
  // so that a program that starts after all disturbs no other
  PUSHLOG_LISTEN: `unix:${path.join(folder, 'relay.sock')}`,
  PUSHLOG_DATABASE: `host=${folder}`,
  PUSHLOG_REDIS: `unix:${path.join(folder, 'redis.sock')}`,
};

/** Runs a program to its end, through another one if one is named first. */
function run(program, env, args = [], by = []) {
  const [first, ...rest] = [...by, path.join(BUILD, program), ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(first, rest, {
      env: Object.fromEntries(Object.entries({ ...RIGHT, ...env })
        .filter(([, value]) => value !== undefined)),
      stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text) => { said.out += text; });
    child.stderr.on('data', (text) => { said.err += text; });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...said }));
  });
}

/**
 * Expects one line on standard error that contains all of these, and status 1.
 */
async function assertRefuses(program, env, patterns, args) {
  const { code, signal, out, err } = await run(program, env, args);
  assert.deepEqual({ code, signal, out }, { code: 1, signal: null, out: '' },
    err);
  assert.match(err, /^[^\n]+\n$/);
  for (const pattern of patterns) assert.match(err, pattern);
  assert.ok(!err.includes(SECRET));
}

const BAD = [
  ['PUSHLOG_APP_KEY', undefined, /not set/],
  ['PUSHLOG_APP_KEY', '', /''/],
  ['PUSHLOG_APP_KEY', 'a/b', /'a\/b'/],
  ['PUSHLOG_APP_SECRET', undefined, /not set/],
  ['PUSHLOG_APP_SECRET', 'short-15-chars-', /16/],
  ['PUSHLOG_APP_ID', 'one', /'one'/],
  ['PUSHLOG_APP_ID', '123456789012345678901', /20 digits/],
  ['PUSHLOG_REDIS', 'nonsense', /'nonsense'/],
  ['PUSHLOG_REDIS', 'unix:', /'unix:'/],
  ['PUSHLOG_REDIS', 'localhost:70000', /'localhost:70000'/],
  ['PUSHLOG_REDIS_PREFIX', 'a:b', /'a:b'/],
  ['PUSHLOG_LOG_LEVEL', 'loud', /'loud'/],
  ['PUSHLOG_LOG_FORMAT', 'xml', /'xml'/],
  ['PUSHLOG_OPS_LISTEN', 'nonsense', /'nonsense'/],
];
const BAD_OF = {
  'messages-fcgi': [
    ['PUSHLOG_THREADS', '0', /'0'/],
    ['PUSHLOG_THREADS', 'many', /'many'/],
    ['PUSHLOG_TEXT_MAX_BYTES', '99999999999999999999', /whole number/],
    ['PUSHLOG_POST_TIMEOUT_MS', '-1', /'-1'/],
    ['PUSHLOG_READERS', '4 ', /'4 '/],
    ['PUSHLOG_AUTH', 'everybody', /'everybody'/],
  ],
  relay: [
    ['PUSHLOG_LISTEN', 'nonsense', /'nonsense'/],
    ['PUSHLOG_WORKERS', '-1', /'-1'/],
    ['PUSHLOG_WORKERS', '1.5', /'1.5'/],
    ['PUSHLOG_QUEUE_MAX_BYTES', '1', /'1'/],
    ['PUSHLOG_ACTIVITY_TIMEOUT_S', '', /''/],
  ],
};

for (const program of PROGRAMS) {
  for (const [name, value, why] of [...BAD, ...BAD_OF[program]]) {
    test(`${program} refuses ${name}=${value ?? ' (none)'}`, async () => {
      await assertRefuses(program, { [name]: value },
        [new RegExp(`\\b${name}\\b`), why]);
    });
  }

  test(`${program} refuses an invalid conninfo`, async () => {
    // it may contain a password, which assertRefuses checks for
    await assertRefuses(program, { PUSHLOG_DATABASE: `no ${SECRET}` },
      [/error: PUSHLOG_DATABASE is not a libpq conninfo\n$/]);
  });

  test(`${program} reports all errors, a line each`, async () => {
    for (const args of [[], ['--check-config']]) {
      const { code, out, err } = await run(program, { PUSHLOG_REDIS: 'x',
        PUSHLOG_APP_ID: 'one\ntwo', PUSHLOG_APP_KEY: undefined }, args);
      assert.deepEqual({ code, out }, { code: 1, out: '' });
      assert.deepEqual(err.match(/error: PUSHLOG_\w+/g), [
        'error: PUSHLOG_APP_ID', 'error: PUSHLOG_APP_KEY',
        'error: PUSHLOG_REDIS']);
      assert.equal(err.split('\n').length, 4);
    }
  });

  test(`${program} refuses a value together with a file for it`, async () => {
    await assertRefuses(program,
      { PUSHLOG_APP_SECRET_FILE: file('secret', SECRET) },
      [/PUSHLOG_APP_SECRET and PUSHLOG_APP_SECRET_FILE are both set/]);
  });

  test(`${program} refuses a file that is missing, or is no text`,
    async () => {
      for (const name of [path.join(folder, 'missing'), folder,
        file('binary', 'a\0b'), file('empty', '\n')]) {
        await assertRefuses(program, { PUSHLOG_APP_SECRET: undefined,
          PUSHLOG_APP_SECRET_FILE: name }, [/PUSHLOG_APP_SECRET/]);
      }
    });

  test(`${program} reads values from files, without the line's end`,
    async () => {
    const { code, out, err } = await run(program, {
      PUSHLOG_APP_KEY: undefined,
      PUSHLOG_APP_KEY_FILE: file('key', 'key-of-a-file\n'),
      PUSHLOG_APP_SECRET: undefined,
      PUSHLOG_APP_SECRET_FILE: file('secret', `${SECRET}\r\n`),
    }, ['--print-config']);
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.match(out, /^PUSHLOG_APP_KEY=key-of-a-file$/m);
  });

  test(`${program} --print-config shows all but secrets, and can be read back`,
    async () => {
      const { code, out, err } = await run(program,
        { PUSHLOG_CHANNELS: 'messages, a-*', PUSHLOG_REDIS_PASSWORD: SECRET },
        ['--print-config']);
      assert.deepEqual({ code, err }, { code: 0, err: '' });
      assert.ok(!out.includes(SECRET));
      assert.ok(!out.includes(folder) || !out.includes('host='));
      assert.match(out, /^# PUSHLOG_APP_SECRET is a secret$/m);
      assert.match(out, /^PUSHLOG_CHANNELS=messages, a-\*$/m);
      const shown = Object.fromEntries(out.split('\n')
        .filter((line) => line && !line.startsWith('#'))
        .map((line) => line.match(/^(PUSHLOG_\w+)=(.*)$/).slice(1)));
      const again = await run(program, { ...shown }, ['--print-config']);
      assert.equal(again.out, out);
    });

  test(`${program} --check-config is silent, or reports the errors`,
    async () => {
      const { code, out, err } = await run(program, {}, ['--check-config']);
      assert.deepEqual({ code, out, err }, { code: 0, out: '', err: '' });
      await assertRefuses(program, { PUSHLOG_APP_ID: 'one' },
        [/PUSHLOG_APP_ID/, /'one'/], ['--check-config']);
      await assertRefuses(program, { PUSHLOG_DATABASE: `no ${SECRET}` },
        [/PUSHLOG_DATABASE is not a libpq conninfo/], ['--check-config']);
    });

  test(`${program} --version and --help answer without a configuration`,
    async () => {
      const nothing = { PUSHLOG_APP_KEY: undefined,
        PUSHLOG_APP_SECRET: undefined };
      const version = await run(program, nothing, ['--version']);
      assert.equal(version.code, 0);
      assert.match(version.out,
        new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\\n$`));
      const help = await run(program, nothing, ['--help']);
      assert.equal(help.code, 0);
      for (const [name] of [...BAD, ...BAD_OF[program]]) {
        assert.match(help.out, new RegExp(`^ +${name}(=|, required\n)`, 'm'));
      }
    });

  test(`${program} refuses unknown arguments`, async () => {
    for (const args of [['--verbose'], ['x'], ['--version', 'x'], ['']]) {
      await assertRefuses(program, {}, [/unknown argument/, /--help/], args);
    }
  });
}

const APPS = { PUSHLOG_APP_KEY: undefined, PUSHLOG_APP_SECRET: undefined };
const app = (id, more) => ({ id, key: `key-${id}`, secret: SECRET, ...more });

for (const program of PROGRAMS) {
  test(`${program} names the file and the member of an error in an app`,
    async () => {
      for (const [apps, why] of [
        [[app('1'), app('2', { secrets: 'x' })],
          /apps\[1\]\.secrets is not a member of an app/],
        [[app('1'), app('1')], /apps\[1\]\.id is used by another app/],
        [[app('1', { secret: 'short' })], /apps\[0\]\.secret is shorter/],
        [[app('1', { event_max_bytes: '1' })],
          /apps\[0\]\.event_max_bytes is not a whole number/],
        [[], /"apps" is not an array of apps/],
      ]) {
        const name = file('apps.json', JSON.stringify({ apps }));
        await assertRefuses(program, { ...APPS, PUSHLOG_APPS_FILE: name },
          [/PUSHLOG_APPS_FILE '.*apps\.json'/, why]);
      }
      await assertRefuses(program,
        { ...APPS, PUSHLOG_APPS_FILE: file('apps.json', '') },
        [/PUSHLOG_APPS_FILE '.*apps\.json'/]);
      await assertRefuses(program, { ...APPS, PUSHLOG_APPS: '{"apps":' },
        [/error: PUSHLOG_APPS: /]);
    });

  test(`${program} refuses several apps together with one`, async () => {
    await assertRefuses(program,
      { PUSHLOG_APP_SECRET: undefined,
        PUSHLOG_APPS: JSON.stringify({ apps: [app('1')] }) },
      [/PUSHLOG_APP_KEY and PUSHLOG_APPS are both set/]);
  });
}

test('messages-fcgi refuses to start without a socket on standard input',
  async () => {
    await assertRefuses('messages-fcgi', {},
      [/not a listening Unix socket/, /spawn-fcgi/]);
  });

test('relay refuses an address that it cannot listen on', async () => {
  const missing = path.join(folder, 'missing', 'relay.sock');
  await assertRefuses('relay', { PUSHLOG_LISTEN: `unix:${missing}` },
    [/cannot listen on/, /No such file or directory/]);
  await assertRefuses('relay', { PUSHLOG_LISTEN: '192.0.2.1:6001' },
    [/cannot listen on '192\.0\.2\.1:6001'/]);
});

test('neither program starts when its ops address is unusable', async () => {
  const where = `unix:${path.join(folder, 'missing', 'ops.sock')}`;
  const why = /error: cannot listen on PUSHLOG_OPS_LISTEN 'unix:.*': No such file/;
  await assertRefuses('relay', { PUSHLOG_OPS_LISTEN: where }, [why]);
  const { code, err } = await run('messages-fcgi',
    { PUSHLOG_OPS_LISTEN: where, PATH: process.env.PATH }, [],
    ['spawn-fcgi', '-n', '-s', path.join(folder, 'fcgi-2.sock'), '--']);
  assert.equal(code, 1);
  assert.match(err, why);
});

test('the log is JSON where the configuration asks for it', async () => {
  const { err } = await run('relay', { PUSHLOG_LOG_FORMAT: 'json',
    PUSHLOG_LISTEN: `unix:${path.join(folder, 'missing', '"quoted"')}` });
  const { time, pid, ...line } = JSON.parse(err);
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000 && pid > 0);
  assert.equal(line.program, 'relay');
  assert.equal(line.level, 'error');
  assert.match(line.message, /^cannot listen on 'unix:.*"quoted"': No such/);
});
