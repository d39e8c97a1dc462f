// SPDX-License-Identifier: MIT
//
// What docker-compose makes of a fresh checkout, on a port and under a name of
// its own, and the README's commands for it, run as they stand there. Knows
// nothing of what is promised.

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
// docker-compose may be a part of docker; an alias is for who types
const SHELL = `shopt -s expand_aliases
docker-compose() { command $COMPOSE "$@"; }
`;
const TERMINAL = 'stty rows 50 columns 160\n'; // or psql starts a pager
const TYPED_MS = 600_000;

/** A checkout as git would make it for somebody who lets nobody read. */
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

/** A block of commands of the README: see readme.sh. */
export function block(section, number) {
  const text = execFileSync('bash', ['-c',
    '. tests/deploy/readme.sh; block "$@"', 'bash', section, String(number)],
  { cwd: TOP }).toString();
  assert.notEqual(text, '', `README: "${section}" has no block ${number}`);
  return text;
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

  /** Commands as they are typed; answers what was said. */
  shell(text, place = this.place) {
    return run(['bash', '-ec', SHELL + text], place);
  }

  /**
   * The same at a terminal. answers are pairs of a pattern to wait for and of
   * what is typed then. Answers {code, said}.
   */
  async type(text, answers) {
    const child = spawn('script', ['--quiet', '--return', '--flush',
      '--command', 'exec bash -ec "$COMMANDS"', '/dev/null'],
    { cwd: this.place.cwd, timeout: TYPED_MS, env: { ...process.env,
      ...this.env, COMMANDS: TERMINAL + SHELL + text } });
    let said = '';
    child.stdout.on('data', (data) => { said += data; });
    const ended = new Promise((resolve) => { child.on('exit', resolve); });
    let from = 0;
    for (const [pattern, keys] of answers) {
      const { index, 0: { length } } = await until(`${pattern} is said`,
        () => said.slice(from).match(pattern), RESTART_MS);
      from += index + length;
      child.stdin.write(keys);
    }
    return { code: await ended, said };
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

  /** Each text that nobody else may see, with the service that holds it. */
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
 * A project, and what ends it, docker included, if that was not there. Throws
 * where there can be none.
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
