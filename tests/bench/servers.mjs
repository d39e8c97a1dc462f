// SPDX-License-Identifier: MIT
//
// relay and its peers: how to install and start each, and how the load subscribes.
// The same Redis feeds all of them except nchan, see peers/nchan.conf.in.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { children, until } from '../stack.mjs';

export const HERE = fileURLToPath(new URL('.', import.meta.url));
export const TOP = path.join(HERE, '../..');
export const BUILD = path.join(TOP, 'build');
const NCHAN = path.join(BUILD, 'bench/nchan');

// nginx is not in every PATH
const ENV = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C.UTF-8' };

/** How the load subscribes by the Pusher protocol. */
export const PUSHER = {
  LOAD_HELLO: '{"event":"pusher:subscribe","data":{"channel":"%"}}',
  LOAD_READY: 'subscription_succeeded',
};

const node = (peer) => ({
  install: npm,
  command: () => [process.execPath, path.join(HERE, `peers/${peer}.mjs`)],
});

/**
 * install() installs the server, or throws. command({port, folder}) is its command
 * line, env() its environment besides PORT and REDIS_SOCKET. forks is the number of
 * its workers. load() is the load generator's options for subscribing.
 */
export const SERVERS = {
  relay: {
    install() {},
    forks: 1,
    command: () => [path.join(BUILD, 'relay')],
    env: ({ stack, port, workers }) => ({
      PUSHLOG_APP_KEY: 'bench',
      PUSHLOG_APP_SECRET: 'a secret for the bench only',
      PUSHLOG_DATABASE: `host=${stack.sockets} dbname=pushlog user=relay`,
      PUSHLOG_REDIS: `unix:${stack.sockets}/redis.sock`,
      PUSHLOG_LISTEN: `127.0.0.1:${port}`,
      PUSHLOG_WORKERS: String(workers),
    }),
    load: (stack) => ({ ...PUSHER, LOAD_PATH: '/app/bench?protocol=7',
      LOAD_DATABASE:
        `host=${stack.sockets} dbname=pushlog user=messages-fcgi` }),
  },
  bun: {
    install() {
      npm();
      bunProgram();
    },
    command: () => [bunProgram(), path.join(HERE, 'peers/bun.mjs')],
    load: () => ({ ...PUSHER, LOAD_PATH: '/' }),
  },
  ws: { ...node('ws'), load: () => ({ ...PUSHER, LOAD_PATH: '/' }) },
  'socket.io': {
    ...node('socket.io'),
    load: () => ({ LOAD_HELLO: '40', LOAD_READY: '40{',
      LOAD_PATH: '/socket.io/?EIO=4&transport=websocket&room=%' }),
  },
  nchan: {
    install: installNchan,
    forks: 1,
    command: ({ port, folder }) => {
      const conf = fs.readFileSync(path.join(HERE, 'peers/nchan.conf.in'), 'utf8')
        .replaceAll('@MODULE@', nchanModule())
        .replaceAll('@FOLDER@', folder).replaceAll('@PORT@', port);
      fs.writeFileSync(path.join(folder, 'nginx.conf'), conf);
      return ['nginx', '-e', 'stderr', '-p', folder, '-c', 'nginx.conf'];
    },
    load: () => ({ LOAD_PATH: '/sub/%', LOAD_POST: '/pub/%' }),
  },
};

// --- installation ---

export function npm() {
  const lock = path.join(HERE, 'package-lock.json');
  const stamp = path.join(HERE, 'node_modules/.installed-lock');
  if (fs.existsSync(stamp) &&
    fs.readFileSync(lock, 'utf8') === fs.readFileSync(stamp, 'utf8')) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-update-notifier',
    '--loglevel=error'], { cwd: HERE, stdio: ['ignore', 'ignore', 'pipe'] });
  fs.copyFileSync(lock, stamp);
}

// npm has installed the package for this machine; the wrapper in `bun` itself would
// need its install script
export function bunProgram() {
  const scope = path.join(HERE, 'node_modules/@oven');
  const found = fs.readdirSync(scope)
    .map((name) => path.join(scope, name, 'bin/bun'))
    .find((file) => fs.existsSync(file));
  if (found === undefined) throw new Error('there is no bun for this machine');
  return found;
}

// Into a folder of its own: the system's nginx stays unchanged. The module must be
// built for exactly that nginx.
function installNchan() {
  const options = { cwd: NCHAN, stdio: ['ignore', 'ignore', 'pipe'], env: ENV };
  if (!fs.existsSync(nchanModule())) {
    fs.mkdirSync(NCHAN, { recursive: true });
    execFileSync('apt-get', ['download', 'libnginx-mod-nchan'], options);
    execFileSync('sh', ['-c', 'for file in *.deb; do dpkg -x "$file" .; done'],
      options);
  }
  fs.writeFileSync(path.join(NCHAN, 'try.conf'),
    `load_module "${nchanModule()}"; pid "${NCHAN}/try.pid"; events { }\n`);
  execFileSync('nginx', ['-t', '-q', '-e', 'stderr', '-p', NCHAN,
    '-c', 'try.conf'], options);
}

function nchanModule() {
  return path.join(NCHAN, 'usr/lib/nginx/modules/ngx_nchan_module.so');
}

/** The error in one line. */
export function why(error) {
  const told = String(error.stderr ?? '').trim().split('\n').at(-1);
  return (told || error.message).split('\n')[0];
}

/** The names of the missing servers, with the reason. */
export function installAll() {
  const missing = {};
  for (const [name, server] of Object.entries(SERVERS)) {
    try {
      server.install();
    } catch (error) {
      missing[name] = why(error);
    }
  }
  return missing;
}

// --- running ---

/** Starts one on a core of its own; returns when it accepts connections. */
export async function startServer(name, stack,
  { core, workers = SERVERS[name].forks ?? 0 } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-bench-'));
  const server = SERVERS[name];
  const port = await freePort();
  const running = new Running(folder, port);
  fs.chmodSync(folder, 0o755); // nginx's workers are nobody
  const pinned = core === undefined ? [] : ['taskset', '-c', String(core)];
  running.start([...pinned, ...server.command({ port, folder })], {
    PORT: String(port),
    REDIS_SOCKET: path.join(stack.sockets, 'redis.sock'),
    ...server.env?.({ stack, port, workers }),
  });
  try {
    await until(`${name} accepts connections`, async () => running.exit ||
      (await connects(port) && running.pids.length === 1 + workers));
    if (running.exit) throw new Error(`${name} ended: ${running.said}`);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** A running server. It owns its folder, if it has one, and removes it. */
export class Running {
  #child;

  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.said = '';
    this.exit = undefined;
  }

  start(command, env) {
    // raises the limit of open files; the server ends with this process
    this.#child = spawn('sh', ['-c',
      'ulimit -S -n "$(ulimit -H -n)" && exec setpriv --pdeathsig KILL "$@"',
      'sh', ...command], {
      env: { ...ENV, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr.setEncoding('utf8');
    this.#child.stderr.on('data', (text) => { this.said += text; });
    this.#child.on('close', (code, signal) => { this.exit = { code, signal }; });
    this.#child.on('error', (error) => { this.exit = { error }; });
  }

  /** The process and its workers. */
  get pids() {
    return [this.#child.pid, ...children(this.#child.pid)];
  }

  async stop() {
    this.#child.kill('SIGTERM');
    try {
      await until('the server stops', () => this.exit);
    } finally {
      this.#child.kill('SIGKILL');
      if (this.folder) {
        fs.rmSync(this.folder, { recursive: true, force: true });
      }
    }
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export function connects(port) {
  return new Promise((resolve, reject) => {
    const connection = net.connect(port, '127.0.0.1', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', reject);
  });
}
