// SPDX-License-Identifier: MIT
//
// Runs test programs that write TAP, some at a time, and reports the sum. The
// usage is in tests/run.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeDatabase } from './database.mjs';
import { newStateDir, startStack } from './stack.mjs';
import { parseTap } from './tap.mjs';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const TAIL_LINES = 200; // of a program that crashed
const PIPES_MS = 2_000; // from the end of a program to the end of its output
const SLOWEST = 10; // that are named at the end
const GRACE_MS = 15_000; // from SIGTERM to SIGKILL

// The C programs are built with the sanitizers; make knows their names.
const MAKE = ['-s', '--no-print-directory'];

function built(kind, argumentsOf = () => []) {
  return (names) => {
    const list = spawnSync('make', [...MAKE, `list-${kind}`],
      { cwd: TOP, encoding: 'utf8' });
    return list.stdout.split(/\s+/).filter((file) => file !== '')
      .map((file) => [file.split(`/${kind}/`).pop(), path.resolve(TOP, file)])
      .map(([name, file]) => job(name, [file, ...argumentsOf(name)]))
      .filter(({ name }) => names(name));
  };
}

function nodeFiles(folder) {
  return (names) => {
    const full = path.join(TOP, folder);
    if (!fs.existsSync(full)) return [];
    return fs.readdirSync(full).filter((file) => file.endsWith('.test.mjs'))
      .sort()
      .map((file) => job(file.slice(0, -'.test.mjs'.length), [
        process.execPath, '--test-reporter=tap', path.join(folder, file)]))
      .filter(({ name }) => names(name));
  };
}

function scripts(...list) {
  return (names) => list.map(([name, file]) => job(name, [path.join(TOP, file)]))
    .filter(({ name }) => names(name));
}

function commands(...list) {
  return (names) => list.map(([name, command]) => job(name, command))
    .filter(({ name }) => names(name));
}

function every(...kinds) {
  return (names) => kinds.flatMap((kind) => kind(names));
}

function job(name, command) {
  return { name, command };
}

// The slowest start first, and the rest runs beside them.
const SUITES = {
  chaos: { jobs: every(nodeFiles('tests/chaos'),
    commands(['60s', [process.execPath, 'tests/chaos/chaos.mjs', '60']])),
  make: ['all', 'with-chaos'], limitS: 600, hasStacks: true },
  lint: { jobs: scripts(['rules', 'tests/lint/run'], ['conf', 'tests/lint/conf']),
    gcc: ['all'], asan: ['all'], limitS: 120, isStatic: true },
  unit: { jobs: built('unit'), asan: ['unit'], limitS: 120 },
  fuzz: { jobs: built('fuzz', (name) => [`tests/fuzz/corpus/${name}`]),
    asan: ['fuzz-replay'], limitS: 120 },
  sql: { jobs: scripts(['log', 'tests/sql/run']), limitS: 300 },
  roster: { jobs: nodeFiles('tests/roster'), limitS: 120 },
  web: { jobs: nodeFiles('web/test'), limitS: 120 },
  integration: { jobs: nodeFiles('tests/integration'),
    make: ['all', 'load'], limitS: 300, hasStacks: true },
  browser: { jobs: nodeFiles('tests/browser'), make: ['all'],
    limitS: 300, hasStacks: true },
};

const cores = os.cpus().length;
// a test that starts servers waits for them half of its time
const PORTS = { first: 10_000, end: 30_000 }; // divided among the lanes
const lanes = Number(process.env.TEST_JOBS) || 2 * cores;

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const times = []; // {name, seconds} of each program
const running = new Set();

function fail(name, details) {
  total.failed += 1;
  failures.push(name);
  say(`not ok: ${name}`);
  for (const line of details) say(`    ${line}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

// --- one program ---

function environment(lane = 0) {
  const env = { ...process.env, CMOCKA_MESSAGE_OUTPUT: 'TAP' };
  const count = Math.floor((PORTS.end - PORTS.first) / lanes);
  const first = PORTS.first + lane * count;
  env.TEST_PORTS = `${first}-${first + count}`; // see tests/stack.mjs
  // of the make that runs us: a make below would ask for its job server
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL']) delete env[name];
  delete env.NODE_TEST_CONTEXT;
  env.ASAN_OPTIONS ??= 'detect_leaks=1:abort_on_error=0';
  env.UBSAN_OPTIONS ??= 'print_stacktrace=1';
  return env;
}

/** Runs a job to its end: {out, err, code, signal, isLate, seconds}. */
function execute({ command, limitS }, lane) {
  return new Promise((resolve) => {
    const [file, ...args] = command;
    const started = Date.now();
    const result = { out: '', err: '', isLate: false };
    // a group of its own, so that its left-over children can be ended, too
    const child = spawn(file, args, { cwd: TOP, detached: true,
      env: environment(lane), stdio: ['ignore', 'pipe', 'pipe'] });
    const timers = [
      setTimeout(() => {
        result.isLate = true;
        end(child, 'SIGTERM');
        timers.push(setTimeout(() => end(child, 'SIGKILL'), GRACE_MS));
      }, limitS * 1000),
    ];
    const done = () => {
      timers.forEach(clearTimeout);
      resolve({ ...result, seconds: (Date.now() - started) / 1000 });
    };
    running.add(child);
    for (const [stream, name] of [[child.stdout, 'out'], [child.stderr, 'err']]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => { result[name] += text; });
    }
    child.on('error', (error) => {
      result.err += `${error.message}\n`;
      result.code = 127;
      done();
    });
    child.on('exit', (code, signal) => {
      running.delete(child);
      Object.assign(result, { code, signal });
      end(child, 'SIGKILL');
      // a server that was left behind may hold the pipes open
      timers.push(setTimeout(done, PIPES_MS));
    });
    child.on('close', done);
  });
}

function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch { /* the whole group has ended already */ }
}

function judge(name, result, limitS) {
  const { tests, before, ...parsed } = parseTap(result.out);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let problems = [];

  for (const test of tests) counts[test.status] += 1;
  if (result.isLate) problems.push(`it did not end within ${limitS} s`);
  else if (result.signal) problems.push(`it was ended by ${result.signal}`);
  else if (result.code !== 0 && counts.failed === 0) {
    problems.push(`it ended with status ${result.code}`);
  }
  // these explain the others
  if (problems.length === 0) problems = parsed.problems;
  if (problems.length === 0 && tests.length === 0) {
    problems.push('it ran no test');
  }

  const stderr = result.err.trimEnd().split('\n').slice(-TAIL_LINES);
  for (const test of tests.filter(({ status }) => status === 'failed')) {
    fail(`${name}: ${test.name}`, test.details);
  }
  if (problems.length > 0) {
    fail(`${name}: ${problems.join('; ')}`, before.slice(-TAIL_LINES));
  }
  if (counts.failed + problems.length > 0 && result.err !== '') {
    say(`    standard error of ${name}:`);
    for (const line of stderr) say(`    | ${line}`);
  }
  times.push({ name, seconds: result.seconds });
  total.passed += counts.passed;
  total.skipped += counts.skipped;
  const time = `${result.seconds.toFixed(1)} s`;
  say(`${counts.failed + problems.length > 0 ? 'FAIL' : 'ok  '}  ${
    name.padEnd(48)} ${String(tests.length).padStart(4)} tests ${
    time.padStart(8)}`);
}

// --- suites ---

/** The suites that the arguments name, each with a filter for its jobs. */
function select(args) {
  const chosen = new Map();

  if (args.length === 0) {
    for (const suite of Object.keys(SUITES)) chosen.set(suite, () => true);
  }
  for (const arg of args) {
    // the path of a file is as good as a name
    const plain = arg.replace(/^tests\//, '').replace(/^web\/test/, 'web')
      .replace(/\.test\.mjs$|\.c$/, '');
    const [, suite, name] = /^([^/]*)\/?(.*)$/.exec(plain);
    const earlier = chosen.get(suite) ?? (() => false);
    if (!(suite in SUITES)) {
      process.stderr.write(`tests/run: no suite '${suite}': ${
        Object.keys(SUITES).join(', ')}\n`);
      process.exit(2);
    }
    chosen.set(suite,
      (candidate) => earlier(candidate) || candidate.startsWith(name));
  }
  return chosen;
}

/** Builds the programs of these suites in one make, as they share folders. */
function build(list) {
  const goals = (kind) => [...new Set(list.flatMap((suite) => suite[kind] ?? []))];
  const targets = goals('make');
  for (const kind of ['gcc', 'asan']) {
    if (goals(kind).length === 0) continue;
    targets.push(`with-${kind}`,
      `${kind.toUpperCase()}_GOALS=${goals(kind).join(' ')}`);
  }
  if (targets.length === 0) return true;
  const result = spawnSync('make', [...MAKE, '-k', `-j${cores}`, ...targets],
    { cwd: TOP, env: environment(), stdio: ['ignore', 'ignore', 'inherit'] });
  return result.status === 0;
}

async function runAll(jobs) {
  const queue = [...jobs];
  const work = async (lane) => {
    for (;;) {
      const next = queue.shift();
      if (next === undefined) return;
      judge(`${next.suite}/${next.name}`, await execute(next, lane),
        next.limitS);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
}

function reportSlowest() {
  times.sort((a, b) => b.seconds - a.seconds);
  say('\nSlowest:');
  for (const { name, seconds } of times.slice(0, SLOWEST)) {
    say(`  ${seconds.toFixed(1).padStart(6)} s  ${name}`);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) end(child, 'SIGTERM');
    process.stderr.write(`tests/run: ended by ${signal}\n`);
    process.exit(1);
  });
}

const chosen = select(process.argv.slice(2));
const suites = Object.entries(SUITES).filter(([name]) => chosen.has(name));
const jobs = [];
const isBuilt = build(suites.map(([, suite]) => suite));

for (const [name, suite] of suites) {
  // all at once is faster, one by one shows which of them fails
  if (!isBuilt && !build([suite])) {
    fail(`${name}: its programs can't be built`, []);
    if (!suite.isStatic) continue;
  }
  const found = suite.jobs(chosen.get(name));
  if (found.length === 0) fail(`${name}: there is no test`, []);
  jobs.push(...found.map((entry) => ({ ...suite, ...entry, suite: name })));
}
if (jobs.some(({ hasStacks }) => hasStacks)) {
  // a failure will be seen by every test that starts a stack
  await makeDatabase({ newStateDir, startStack }).catch(({ message }) => say(message));
}
await runAll(jobs);

if (times.length > 1) reportSlowest();
if (failures.length > 0) {
  say('\nFailed:');
  for (const name of failures) say(`  ${name}`);
}
say(`${total.passed} passed, ${total.failed} failed${
  total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;
