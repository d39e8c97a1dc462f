// SPDX-License-Identifier: MIT
//
// One stack, all its users, and the rounds of a run: load and faults, then
// silence, then everything that each party saw is compared with the log.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { startStack, until } from '../stack.mjs';

import { LeanClient, RealClient } from './client.mjs';
import { FAULTS } from './faults.mjs';
import { Http } from './http.mjs';
import { Ledger } from './ledger.mjs';
import { Network } from './network.mjs';
import { Poster } from './poster.mjs';
import { Random } from './prng.mjs';
import { Stopwatch } from './stopwatch.mjs';

const CHAOS_BUILD = fileURLToPath(new URL('../../build/chaos', import.meta.url));
const HEAD_MS = 5_000; // I10
const LATE_MS = 70_000; // for those who broke I10 to come at all
const ANSWERS_MS = 60_000; // for the last posts
const DISK_BYTES = '4g';
const MESSAGES = ['messages-fcgi', 'messages-fcgi-2'];
// Commits to memory take no time, and no process would die in the middle of
// one: a delay as of a real disk, between writing a commit and knowing that it
// is written.
const SLOW_COMMITS = ['alter system set commit_delay = 2000',
  'alter system set commit_siblings = 0', 'select pg_reload_conf()'];
// The log lines of deploy/dev/run and of a relay's master about each process
// that ended, and about those that a fault killed.
const DEATH = /(messages-fcgi|relay)(-2)? \(pid|worker \d+ (was killed|exited)/;
const OF_A_FAULT = /(status 0|SIGTERM); it is held away|SIGKILL;|signal 9$/;

// Of 1000 posts this many go to each channel, which has this many followers:
// one hot channel, some busy ones, some so quiet that a lost last message stays
// lost.
const CHANNELS = {
  messages: { posts: 550, lean: 22, real: 1 },
  'room-1': { posts: 130, lean: 28, real: 1 },
  'room-2': { posts: 130, lean: 28, real: 1 },
  'room-3': { posts: 130, lean: 28, real: 1 },
  'room-4': { posts: 20, lean: 45, real: 1 },
  'room-5': { posts: 20, lean: 45, real: 1 },
  'room-6': { posts: 10, lean: 45, real: 1 },
  'room-7': { posts: 10, lean: 45, real: 1 },
};
const QUIET = ['room-4', 'room-5', 'room-6', 'room-7'];
const LAZY = 4;
const ELSEWHERE = 8; // who live in the network that can be lost

export class World {
  workers = 2; // of each relay
  clients = [];
  lazy = [];
  elsewhere = [];
  posters = [];
  answered = 0;
  retries = 0;
  refused = 0;
  stopwatch = new Stopwatch();
  isPosting = false;
  names = Object.keys(CHANNELS);
  quiet = QUIET;
  #busy = new Map(); // what faults are done to → the end of the last one
  #deaths = new Set(); // the lines that told of one

  static async open(options) {
    const world = new World(options);
    try {
      await world.#start();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  constructor({ seed, report, posters = 40, paceMs = 20, switches = '',
    hasDisk = true, scale = 1, prepare = () => {} }) {
    Object.assign(this, { seed, report, paceMs, switches, hasDisk, scale, prepare });
    this.rng = new Random(seed);
    this.posterCount = posters;
  }

  async #start() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-chaos-'));
    fs.chmodSync(folder, 0o755);
    this.folder = folder;
    this.pointsDir = path.join(folder, 'points');
    fs.mkdirSync(this.pointsDir);
    fs.chmodSync(this.pointsDir, 0o777); // the servers' user takes them away
    this.#mountDisk(path.join(folder, 'data'));
    this.#makeNetwork(folder);
    this.stack = await startStack({ stateDir: folder, env: {
      ADDRESS: this.network?.host ?? '', COPIES: '2', PROGRAMS: CHAOS_BUILD,
      PUSHLOG_WORKERS: String(this.workers),
      PUSHLOG_RELOAD_DRAIN_MS: '1000', // a reload is over with the fault
      PUSHLOG_ACTIVITY_TIMEOUT_S: '10', // the half-open are to be found out
      PUSHLOG_PONG_TIMEOUT_S: '5',
      PUSHLOG_QUEUE_MAX_BYTES: '131072',
      PUSHLOG_STASH_MAX_BYTES: '65536', // to be outgrown
      PUSHLOG_CHAOS: this.switches, PUSHLOG_CHAOS_POINTS: this.pointsDir,
    } });
    for (const sql of SLOW_COMMITS) await this.stack.psql(sql);
    await this.prepare(this.stack);
    this.epoch = await this.stack.psql('select pushlog.epoch()');
    this.http = new Http(this.stack.port, 64);
    await this.network?.open(this.stack.port);
    this.ledger = new Ledger(this.names, this.report);
    this.#startClients();
    await until('all clients have subscribed', () => this.#readers()
      .every((reader) => reader.isDone), 60_000);
    this.posters = Array.from({ length: this.posterCount },
      (_, i) => new Poster(this, i + 1));
    this.ticker = setInterval(() => {
      for (const client of this.clients) client.tick(Date.now());
    }, 1000);
  }

  // a disk that can be filled without filling the machine's
  #mountDisk(folder) {
    fs.mkdirSync(folder);
    if (!this.hasDisk) return;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=755`,
        'tmpfs', folder], { stdio: 'ignore' });
      this.disk = folder;
    } catch {
      this.whyNoDisk = 'no right to mount a small disk here';
    }
  }

  #makeNetwork(folder) {
    try {
      this.network = new Network(folder);
    } catch {
      this.whyNoNetwork = 'no right to make a network here';
    }
  }

  #startClients() {
    for (const [name, { lean, real }] of Object.entries(CHANNELS)) {
      for (let i = 0; i < Math.ceil(lean * this.scale); i += 1) {
        this.clients.push(new LeanClient(this, `${name} lean ${i}`, [name],
          { cursor: 0 }));
      }
      for (let i = 0; i < real; i += 1) {
        this.clients.push(new RealClient(this, `${name} real ${i}`, [name]));
      }
    }
    // without nginx in between, which would read for them
    for (let i = 0; i < LAZY; i += 1) {
      const relay = i % 2 === 0 ? 'relay' : 'relay-2';
      const client = new LeanClient(this, `lazy ${i}`, this.names, { cursor: 0,
        at: `${this.stack.sockets}/${relay}.sock`, isRelays: true });
      this.lazy.push({ relay, client });
      this.clients.push(client);
    }
    for (let i = 0; this.network && i < ELSEWHERE; i += 1) {
      const client = new LeanClient(this, `elsewhere ${i}`,
        [this.names[i % this.names.length]],
        { cursor: 0, at: this.network.socket });
      this.elsewhere.push(client);
      this.clients.push(client);
    }
  }

  #readers() {
    return this.clients.flatMap((client) => [...client.readers.values()]);
  }

  /** A channel for the next post. */
  pickChannel(rng) {
    let at = rng.between(0, 999);
    for (const [name, { posts }] of Object.entries(CHANNELS)) {
      if (at < posts) return name;
      at -= posts;
    }
    return this.names[0];
  }

  // --- faults ---

  /**
   * While this file exists, the next messages-fcgi that reaches the point
   * removes it and dies there.
   */
  pointFile(point) {
    return path.join(this.pointsDir, point);
  }

  /** Undefined if this machine can do it, else the reason. */
  whyNot({ needs }) {
    if (needs === 'disk' && !this.disk) return this.whyNoDisk ?? 'no disk wanted';
    if (needs === 'network' && !this.network) return this.whyNoNetwork;
    return undefined;
  }

  async #inject({ name, ms, seed }) {
    const fault = FAULTS[name];
    const why = this.whyNot(fault);
    if (why) {
      this.report.fault(name).skipped = why;
      return;
    }
    const before = this.#busy.get(fault.of);
    let end;
    this.#busy.set(fault.of, new Promise((resolve) => { end = resolve; }));
    try {
      await before;
      if (!this.isClosed) await this.#injectNow(name, fault, new Random(seed), ms);
    } finally {
      end();
    }
  }

  async #injectNow(name, fault, rng, ms) {
    this.report.on.add(name);
    this.report.say(`# ${this.report.seconds.toFixed(1)} s: ${name}`);
    try {
      await fault.inject(this, rng, ms);
      this.report.fault(name).injected += 1;
    } catch (error) {
      throw new Error(`fault '${name}': ${error.message}`, { cause: error });
    } finally {
      this.report.on.delete(name);
    }
  }

  // --- a round ---

  /**
   * The posts' end is counted from the beginning of the last fault, or from the
   * end of the last one that needs posts. waits: treat every fault so, and do
   * nothing but the faults.
   */
  async round({ faults, tailMs, waits = false }) {
    const started = Date.now();
    this.isPosting = true;
    this.stopwatch.start();
    const runs = faults.map(async (fault) => {
      await pause(fault.atMs);
      return this.#inject(fault);
    });
    const over = Promise.allSettled(runs);
    // a crash point needs a process that reaches it
    await Promise.allSettled(faults.map(({ name, atMs }, i) =>
      (waits || FAULTS[name].needsPosts ? runs[i] : pause(atMs))));
    await pause(tailMs);
    this.#stopPosting();
    const bad = (await over).find(({ status }) => status === 'rejected');
    if (bad) throw bad.reason;
    await until('every post is answered', () =>
      this.posters.every(({ isIdle }) => isIdle), ANSWERS_MS);
    if (!waits) await this.#postUnheard();
    await this.#settle();
    return Date.now() - started;
  }

  #stopPosting() {
    this.isPosting = false;
    this.stopwatch.postsEnd();
  }

  // The last message is stored by a process that dies before it publishes: no
  // later message would show the hole, so the head poll must.
  async #postUnheard() {
    const file = this.pointFile('after-commit');
    fs.writeFileSync(file, '');
    await this.rng.pick(this.posters).postOne();
    fs.rmSync(file, { force: true });
    await until('whoever died runs again', () =>
      MESSAGES.every((name) => this.stack.pid(name)));
  }

  async #settle() {
    const silentSince = Date.now();
    const heads = await this.ledger.heads(this.stack);
    const behind = () => this.#readers().filter((reader) =>
      reader.position !== heads.get(reader.channel.name));
    while (behind().length > 0 && Date.now() - silentSince < HEAD_MS) {
      await pause(20);
    }
    this.settleMs = Date.now() - silentSince;
    const late = behind();
    this.report.checked('I10', this.#readers().length - late.length);
    for (const reader of late) {
      this.report.check('I10', false, () => `${reader.who} is at ${
        reader.position} of ${reader.channel.name}, whose head is ${
        heads.get(reader.channel.name)}`);
    }
    this.stopwatch.stop();
    this.#verifyDeaths();
    await this.ledger.verify(this.stack); // before the long wait
    if (late.length > 0) {
      await until('everybody is at the head', () => this.isClosed ||
        behind().length === 0, LATE_MS).catch(() => {});
    }
    for (const reader of this.#readers()) {
      const head = heads.get(reader.channel.name);
      this.report.check('I7', reader.position === head, () =>
        `${reader.who} holds ${reader.channel.name} to ${
          reader.position}, not ${head}`);
    }
  }

  #verifyDeaths() {
    const lines = ['run', 'relay', 'relay-2'].flatMap((name) =>
      this.stack.log(name).filter((line) => DEATH.test(line)));
    for (const line of lines.filter((each) => !this.#deaths.has(each))) {
      this.#deaths.add(line);
      this.report.check('I13', OF_A_FAULT.test(line), () => line);
    }
  }

  // --- the end ---

  async close() {
    this.isClosed = true; // an abandoned round waits for nobody
    clearInterval(this.ticker);
    for (const poster of this.posters) poster.isStopped = true;
    for (const client of this.clients) client.close();
    this.http?.close();
    this.network?.close();
    try {
      await this.stack?.stop({ keep: true });
    } finally {
      if (this.disk) execFileSync('umount', ['-l', this.disk]);
      fs.rmSync(this.folder, { recursive: true, force: true });
    }
    // a fault that was active made its folder again
    await Promise.allSettled(this.#busy.values());
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
