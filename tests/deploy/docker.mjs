// SPDX-License-Identifier: MIT
//
// A docker for tests: the running one, else a new dockerd with its data in a folder
// of its own. Knows nothing of Pushlog.

import { execFile, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { until } from '../stack.mjs';

const DAEMON_MS = 60_000;
const CERTIFICATES = '/usr/local/share/ca-certificates';
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

const exec = promisify(execFile);

/** The standard output of a command; throws with its output if it fails. */
export async function run(command, { env, cwd } = {}) {
  const [file, ...args] = command;
  try {
    const { stdout } = await exec(file, args,
      { cwd, env: { ...process.env, ...env }, maxBuffer: OUTPUT_MAX_BYTES });
    return stdout.trimEnd();
  } catch (error) {
    throw new Error(`${command.join(' ')}: ${error.stdout}${error.stderr}`);
  }
}

export function docker(...args) {
  return run(['docker', ...args]);
}

/** The output of `docker inspect` for containers, images or volumes. */
export async function inspect(...names) {
  return JSON.parse(await docker('inspect', ...names));
}

function works(...command) {
  return spawnSync(command[0], command.slice(1), { stdio: 'ignore' })
    .status === 0;
}

/** The command of docker-compose, 2 or 1; undefined where there is none. */
export function findCompose() {
  if (process.env.COMPOSE) return process.env.COMPOSE.split(' ');
  if (works('docker', 'compose', 'version')) return ['docker', 'compose'];
  if (works('docker-compose', 'version')) return ['docker-compose'];
  return undefined;
}

/**
 * Starts a dockerd and sets DOCKER_HOST, if none answers. Returns a function that
 * stops it; throws if dockerd does not start.
 */
export async function startDocker() {
  if (works('docker', 'info')) return async () => {};
  const base = process.env.COMPOSE_DIR ?? '/var/tmp/pushlog-compose';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-docker-'));
  fs.mkdirSync(base, { recursive: true });
  const log = fs.openSync(path.join(base, 'dockerd.log'), 'w');
  process.env.DOCKER_HOST = `unix://${folder}/docker.sock`;
  // a test that dies in any way also ends its dockerd
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'dockerd',
    '--data-root', path.join(base, 'docker'), '--exec-root', folder,
    '--pidfile', path.join(folder, 'dockerd.pid'),
    '--host', process.env.DOCKER_HOST],
  { detached: true, stdio: ['ignore', log, log] });
  let isOver = false;
  child.on('exit', () => { isOver = true; });
  child.on('error', () => { isOver = true; });
  const stop = async () => {
    child.kill('SIGTERM');
    await until('dockerd stops', () => isOver, DAEMON_MS);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  await until('dockerd answers', () => isOver || works('docker', 'info'),
    DAEMON_MS);
  if (isOver) {
    await stop();
    throw new Error(`no dockerd answers, and none starts: ${base}/dockerd.log`);
  }
  await removeLeftovers();
  return stop;
}

/** Removes the containers of a killed test, which dockerd starts again. */
async function removeLeftovers() {
  const left = (await docker('ps', '--all', '--quiet')).split('\n');
  if (left[0] !== '') await docker('rm', '--force', ...left);
  await docker('volume', 'prune', '--force');
  await docker('network', 'prune', '--force');
}

/** Pulls an image that docker does not have. */
export async function ensureImage(name) {
  if (works('docker', 'image', 'inspect', name)) return;
  await docker('pull', '--quiet', name);
}

/** The image, with this machine's own certificate authorities added. */
export async function trustWhatWeTrust(image, name) {
  const found = fs.existsSync(CERTIFICATES) &&
    fs.readdirSync(CERTIFICATES).some((file) => file.endsWith('.crt'));
  if (!found) return image;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-ca-'));
  try {
    fs.cpSync(CERTIFICATES, folder, { recursive: true, dereference: true });
    fs.writeFileSync(path.join(folder, 'Dockerfile'),
      `FROM ${image}\nCOPY *.crt ${CERTIFICATES}/\n`);
    await docker('build', '--quiet', '--tag', name, folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  return name;
}

// --- tests/deploy/compose -- COMMAND… ---

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(3);
  const stop = await startDocker();
  const child = spawn(file, args, { stdio: 'inherit' });
  child.on('exit', (code) => { process.exitCode = code ?? 1; });
  child.on('close', stop);
}
