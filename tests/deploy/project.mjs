// SPDX-License-Identifier: MIT
//
// A fresh checkout that docker-compose runs on a port and under a name of its own,
// and the commands of the pages, run as they stand there. Knows no promises.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, Site, until } from '../stack.mjs';
import { docker, ensureImage, findCompose, inspect, run, startDocker,
  trustWhatWeTrust } from './docker.mjs';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = {
  DEBIAN_IMAGE: 'debian:bookworm-slim',
  POSTGRES_IMAGE: 'postgres:16',
  REDIS_IMAGE: 'redis:7',
  NGINX_IMAGE: 'nginx:1.27',
};
const NOFILE_WANTED = 65536; // of docker-compose.yml
const RESTART_MS = 60_000;
// docker-compose may be a part of docker; scripts have no aliases by default
const SHELL = `shopt -s expand_aliases
docker-compose() { command $COMPOSE "$@"; }
`;
const TERMINAL = 'stty rows 50 columns 160\n'; // else psql starts a pager
const TYPED_MS = 600_000;

/** A checkout as git makes it with umask 077. */
function checkOut() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-compose-'));
  const files = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z',
    '--cached', '--others', '--exclude-standard'], { cwd: TOP });
  for (const file of files.toString().split('\0').filter(Boolean)) {
    const from = path.join(TOP, file);
    if (!fs.existsSync(from)) continue; // deleted, not yet committed
    const to = path.join(folder, file);
    fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    fs.copyFileSync(from, to);
    fs.chmodSync(to, fs.statSync(from).mode & 0o700);
  }
  return folder;
}

function nofile() {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn']).toString().trim();
  return limit === 'unlimited' ? NOFILE_WANTED
    : Math.min(NOFILE_WANTED, Number(limit));
}

function callPages(...call) {
  return execFileSync('bash', ['-c', '. tests/deploy/pages.sh; "$@"', 'bash',
    ...call], { cwd: TOP }).toString();
}

/** A block of commands of a page: see pages.sh. */
export function block(page, section, number) {
  const text = callPages('block', page, section, String(number));
  assert.notEqual(text, '', `${page}: "${section}" has no block ${number}`);
  return text;
}

/** The numbers of a section's blocks. */
export function blocks(page, section) {
  const count = Number(callPages('blocks', page, section));
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** The sections whose commands a trial runs, as [page, section]. */
export function sectionsOf(trial) {
  return callPages('sections_of', trial).trim().split('\n')
    .map((line) => line.match(/^(\S+) +(.*)$/).slice(1));
}

export class Project extends Site {
  constructor(compose, port, images) {
    super(`http://127.0.0.1:${port}`);
    this.command = compose;
    this.name = `pushlog-test-${process.pid}`;
    this.folder = checkOut();
    this.env = { ...images, COMPOSE: compose.join(' '),
      COMPOSE_PROJECT_NAME: this.name, PUSHLOG_PORT: `${port}`,
      NOFILE: `${nofile()}` };
  }

  get place() {
    return { env: this.env, cwd: path.join(this.folder, 'deploy') };
  }

  compose(...args) {
    return run([...this.command, ...args], this.place);
  }

  /** Runs commands as if typed; returns their output. */
  shell(text, place = this.place) {
    return run(['bash', '-ec', SHELL + text], place);
  }

  /**
   * The same at a terminal. answers are pairs: a pattern to wait for, and the
   * keys to type then. Returns {code, output}.
   */
  async type(text, answers) {
    const child = spawn('script', ['--quiet', '--return', '--flush',
      '--command', 'exec bash -ec "$COMMANDS"', '/dev/null'],
    { cwd: this.place.cwd, timeout: TYPED_MS, env: { ...process.env,
      ...this.env, COMMANDS: TERMINAL + SHELL + text } });
    let output = '';
    child.stdout.on('data', (data) => { output += data; });
    const ended = new Promise((resolve) => { child.on('exit', resolve); });
    let from = 0;
    for (const [pattern, keys] of answers) {
      const { index, 0: { length } } = await until(`${pattern} is printed`,
        () => output.slice(from).match(pattern), RESTART_MS);
      from += index + length;
      child.stdin.write(keys);
    }
    return { code: await ended, output };
  }

  /** The container of a service, by docker inspect. */
  async container(service) {
    const ids = await docker('ps', '--all', '--quiet', '--no-trunc',
      '--filter', `label=com.docker.compose.project=${this.name}`,
      '--filter', `label=com.docker.compose.service=${service}`);
    const [container] = await inspect(ids);
    return container;
  }

  async file(service, name) {
    const { Id } = await this.container(service);
    return docker('exec', Id, 'cat', name);
  }

  /** All secrets, as the services have them. */
  async secrets() {
    const database = async (service) =>
      (await this.file(service, '/run/secrets/database'))
        .match(/password=(\S+)/)[1];
    return [
      await this.file('relay-1', '/run/secrets/app_secret'),
      await database('relay-1'),
      await database('messages-fcgi-1'),
    ];
  }

  async healthy(service) {
    await until(`${service} is healthy`, async () =>
      (await this.container(service)).State.Health.Status === 'healthy',
    RESTART_MS);
  }

  async end() {
    if (process.env.KEEP) return;
    await this.compose('down', '--volumes', '--rmi', 'local', '--timeout', '1');
    if (this.env.DEBIAN_IMAGE.startsWith(this.name)) {
      await docker('rmi', this.env.DEBIAN_IMAGE);
    }
    fs.rmSync(this.folder, { recursive: true });
  }
}

/**
 * {project, end}: end() also stops a docker that was started for it. Throws where
 * docker cannot run.
 */
export async function openProject() {
  if (process.getuid() !== 0) throw new Error('only root sees into containers');
  const compose = findCompose();
  if (!compose) throw new Error('docker-compose is not installed');
  const stop = await startDocker();
  try {
    const images = {};
    for (const [variable, image] of Object.entries(IMAGES)) {
      images[variable] = process.env[variable] ?? image;
      await ensureImage(images[variable]);
    }
    const project = new Project(compose, await freePort(), images);
    project.env.DEBIAN_IMAGE = await trustWhatWeTrust(images.DEBIAN_IMAGE,
      `${project.name}-debian`);
    return { project, end: () => project.end().finally(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}
