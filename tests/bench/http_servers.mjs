// SPDX-License-Identifier: MIT
//
// messages-fcgi and its peers, all behind one nginx. PostgreSQL, Redis, nginx and
// the measured server share a core.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { children, until } from '../stack.mjs';

import { BUILD, HERE, Running, TOP, bunProgram, connects, freePort, npm,
  why } from './servers.mjs';

const FCGI = path.join(BUILD, 'bench-fcgi');
// of Python: enough to keep a core busy while some wait for the database
const PROCESSES = 4;
// of the others: one for each concurrent request of nginx
const CONNECTIONS = 128;
const DEBIAN = { flask: 'python3-flask', psycopg2: 'python3-psycopg2',
  redis: 'python3-redis' };

const fcgi = (...mode) => ({
  install() {},
  port: 'FCGI',
  command: ({ folder }) => ['spawn-fcgi', '-n', '-s', `${folder}/peer.sock`,
    '-b', '4096', '--', FCGI, ...mode.map((word) => word.replace('@', folder))],
});

/**
 * port: the nginx port in front of the peer. command({folder}) listens on
 * folder/peer.sock.
 */
export const PEERS = {
  pushlog: { install() {}, port: 'PUSHLOG' },
  uwsgi: {
    install() {
      python();
      has('uwsgi_python3', 'uwsgi-plugin-python3');
    },
    port: 'UWSGI',
    command: ({ folder }) => ['uwsgi_python3', '--master', '--need-app',
      '--disable-logging', '--die-on-term', '--processes', `${PROCESSES}`,
      '--listen', '1024', '--socket', `${folder}/peer.sock`,
      '--chmod-socket=666', '--pythonpath', `${HERE}peers`,
      '--module', 'flask_app:app'],
  },
  gunicorn: {
    install() {
      python();
      has('gunicorn', 'gunicorn');
    },
    port: 'HTTP',
    command: ({ folder }) => ['gunicorn', '--workers', `${PROCESSES}`,
      '--bind', `unix:${folder}/peer.sock`, '--umask', '0',
      '--log-level', 'error', '--chdir', `${HERE}peers`, 'flask_app:app'],
  },
  bun: {
    install() {
      npm();
      bunProgram();
    },
    port: 'HTTP',
    command: () => [bunProgram(), path.join(HERE, 'peers/bun_messages.mjs')],
  },
  minimal: fcgi('commit'),
  direct: fcgi('direct'),
  bare: fcgi('page', '@/static/newest.json'),
  static: { install() {}, port: 'STATIC' },
};

function python() {
  for (const [module, debian] of Object.entries(DEBIAN)) {
    try {
      execFileSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' });
    } catch {
      throw new Error(`${debian} is not installed`);
    }
  }
}

function has(program, debian) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
  } catch {
    throw new Error(`${debian} is not installed`);
  }
}

/** The names of the missing peers, with the reason. */
export function missingPeers() {
  const missing = {};
  for (const [name, peer] of Object.entries(PEERS)) {
    try {
      peer.install();
    } catch (error) {
      missing[name] = why(error);
    }
  }
  return missing;
}

const SCHEMA = `create schema bench;
  create table bench.message (
    id bigserial primary key,
    channel text not null,
    name text not null,
    text text not null,
    time_ms bigint not null default floor(extract(epoch from clock_timestamp())
      * 1000));
  create index on bench.message (channel, id);`;

/** The nginx in front of all peers, and their common resources. */
export class Front {
  #nginx;

  constructor(stack, core) {
    this.stack = stack;
    this.core = core;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-bench-'));
    this.ports = {};
  }

  async start() {
    const { folder } = this;
    fs.chmodSync(folder, 0o755); // nginx's workers are nobody
    fs.mkdirSync(path.join(folder, 'static'));
    fs.mkdirSync(path.join(folder, 'cache'), { mode: 0o777 });
    fs.chmodSync(path.join(folder, 'cache'), 0o777);
    await this.stack.psql(SCHEMA);
    await this.#configure();
    this.#nginx = new Running(folder, this.ports.STATIC);
    this.#nginx.start([...pinned(this.core), 'nginx', '-e', 'stderr',
      '-p', folder, '-c', 'nginx.conf'], {});
    await until('nginx accepts connections', () => this.#nginx.exit ||
      connects(this.ports.STATIC));
    if (this.#nginx.exit) throw new Error(`nginx ended: ${this.#nginx.said}`);
    for (const name of ['postgres', 'redis', 'messages-fcgi', 'relay']) {
      pin(this.stack.pid(name), this.core);
    }
  }

  async #configure() {
    const deploy = path.join(TOP, 'deploy/nginx');
    let conf = fs.readFileSync(path.join(HERE, 'peers/nginx.conf.in'), 'utf8');
    for (const name of conf.matchAll(/listen 127\.0\.0\.1:@(\w+)@/g)) {
      this.ports[name[1]] = await freePort();
    }
    const words = { ...this.ports, FOLDER: this.folder, DEPLOY: deploy,
      MESSAGES: `${this.stack.sockets}/messages-fcgi.sock`,
      RELAY: `${this.stack.sockets}/relay.sock` };
    conf = conf.replace(/@(\w+)@/g, (all, word) => words[word] ?? all);
    const write = (name, text) =>
      fs.writeFileSync(path.join(this.folder, name), text);
    write('nginx.conf', conf);
    // as deployed, except for the rate limits and the cache's folder
    const read = (name) => fs.readFileSync(path.join(deploy, name), 'utf8');
    write('http.conf', read('http.conf')
      .replace('/var/cache/pushlog', path.join(this.folder, 'cache')));
    write('limits.conf', read('limits.conf').replace(/^limit_.*/gm, ''));
    write('keepalive.conf', read('site.conf').match(
      /upstream pushlog_messages [^}]*?(^ *keepalive.*?)\}/ms)?.[1] ?? '');
  }

  /** The processes counted besides the peer, under the load's names. */
  get bills() {
    return {
      LOAD_NGINX: String(this.#nginx.pids[0]),
      LOAD_POSTGRES: String(this.stack.pid('postgres')),
      LOAD_REDIS: String(this.stack.pid('redis')),
    };
  }

  /** Starts a peer, and returns {port, pids, stop}. */
  async startPeer(name) {
    const { port: portName, command } = PEERS[name];
    const port = this.ports[portName];
    const none = async () => {};
    if (name === 'pushlog') {
      return { port, pids: [this.stack.pid('messages-fcgi')], stop: none };
    }
    if (command === undefined) return { port, pids: [], stop: none };
    const { sockets } = this.stack;
    const socket = path.join(this.folder, 'peer.sock');
    fs.rmSync(socket, { force: true });
    const running = new Running(undefined, port);
    running.start([...pinned(this.core), ...command({ folder: this.folder })], {
      SOCKET: socket,
      POSTGRES: `host=${sockets} dbname=pushlog user=postgres`,
      POSTGRES_SOCKET: path.join(sockets, '.s.PGSQL.5432'),
      REDIS_SOCKET: path.join(sockets, 'redis.sock'),
      THREADS: `${CONNECTIONS + 16}`,
      POOL: `${Math.min(CONNECTIONS, 64)}`,
      PYTHONDONTWRITEBYTECODE: '1',
    });
    await until(`${name} listens`, () => running.exit || fs.existsSync(socket));
    if (running.exit) throw new Error(`${name} ended: ${running.said}`);
    fs.chmodSync(socket, 0o666);
    return { port, pids: running.pids.slice(0, 1), stop: () => running.stop() };
  }

  async stop() {
    await this.#nginx?.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const pinned = (core) =>
  (core === undefined ? [] : ['taskset', '-c', String(core)]);

// with its children, and children forked later
function pin(pid, core) {
  if (core === undefined) return;
  for (const each of [pid, ...children(pid)]) {
    execFileSync('taskset', ['-acp', String(core), String(each)],
      { stdio: 'ignore' });
  }
}
