// SPDX-License-Identifier: MIT
//
// A restart is not an outage: while both programs are reloaded and restarted,
// ten times each, no post fails, every client ends with every message in order,
// and pusher-js reconnects at once, for it is never refused.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { children, startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { rows } from './log.mjs';
import { closeCode, RawSocket, upgradeRequest } from './raw.mjs';
import { BUILD, connects, environment, startRelay } from './relay.mjs';

const HOLD_SOCKET = fileURLToPath(new URL('hold_socket.pl', import.meta.url));
const TIMES = 10;
const PUSHERS = 20;
const WIRES = 10;
const POSTERS = 4;
const POST_EVERY_MS = 15; // each of them
const SPREAD_MS = 1000;
const BACK_MS = 2000;
const HURRIED_MS = 5000; // of ten minutes
const HELD = 1024; // by hold_socket.pl

const stack = await startStack(
  { env: { PUSHLOG_RELOAD_DRAIN_MS: String(SPREAD_MS) } });
after(() => stack.stop());

let channels = 0;

function restartTest(name, fn) {
  test(name, stack.logged((t) => fn(`room-${channels += 1}`, t)));
}

/** Records how long a pusher-js client was without its channel, each time. */
class Watched extends PusherFollower {
  aways = [];
  states = new Set();
  #since;

  constructor(at, [channel]) {
    super(at, [channel]);
    this.pusher.connection.bind('state_change', ({ previous, current }) => {
      this.states.add(current);
      if (previous === 'connected') this.#since = Date.now();
    });
    this.pusher.channel(channel).bind('pusher:subscription_succeeded', () => {
      if (this.#since) this.aways.push(Date.now() - this.#since);
      this.#since = undefined;
    });
  }
}

/** The clients and posters that run while the programs are restarted. */
async function crowd(t, at, channel) {
  const pushers = Array.from({ length: PUSHERS },
    () => new Watched(at, [channel]));
  const wires = Array.from({ length: WIRES },
    () => new WireFollower(at, [channel]));
  const all = [...pushers, ...wires];
  t.after(() => all.forEach((client) => client.close()));
  await Promise.all(all.map((client) => client.connected()));
  return { pushers, wires, all };
}

/**
 * Posts each message once and records failures. turn() waits until no earlier
 * post is under way, stop() resolves to the stored messages.
 */
function keepPosting(at, channel) {
  const answered = [];
  const failed = [];
  const sent = Array(POSTERS).fill(0);
  let isOver = false;
  const poster = async (number) => {
    while (!isOver) {
      sent[number] += 1;
      const text = `${number} ${sent[number]}`;
      try {
        answered.push(await at.post('Ada', text, { channel }));
      } catch (error) {
        failed.push(error.message);
      }
      await pause(POST_EVERY_MS);
    }
  };
  const all = Array.from({ length: POSTERS }, (_, number) => poster(number));
  return { answered, failed,
    async turn() {
      const before = [...sent];
      await until('other posts are under way', () =>
        sent.every((count_, number) => count_ > before[number]));
    },
    async stop() {
      isOver = true;
      await Promise.all(all);
      return answered.sort((a, b) => a.id - b.id);
    } };
}

/**
 * Runs act TIMES times under load, then checks the promise for every client.
 */
async function underLoad(t, at, channel, act) {
  const clients = await crowd(t, at, channel);
  const { pushers, wires, all } = clients;
  const posting = keepPosting(at, channel);
  const stalls = monitorEventLoopDelay();
  stalls.enable();
  for (let i = 1; i <= TIMES; i += 1) {
    const { length } = posting.answered;
    await act({ ...clients, posting }, i);
    await until('posts continue', () => posting.answered.length > length + 10);
  }
  const answered = await posting.stop();
  const log = await rows(at, channel);

  assert.deepEqual(posting.failed, []);
  assert.deepEqual(answered, log);
  for (const client of all) {
    await client.holds(log.length, channel);
    assert.deepEqual(client.messages(), log);
    assert.deepEqual([client.wrong, client.refused], [[], 0]);
  }
  for (const { reason, code } of wires.flatMap(({ ends }) => ends)) {
    assert.deepEqual([code, reason], [4200, 'Server restarting']);
  }
  const aways = pushers.flatMap((client) => client.aways)
    .sort((a, b) => a - b);
  const stallMs = Math.round(stalls.max / 1e6);
  t.diagnostic(`${log.length} posts; pusher-js was unavailable ${aways.length} ` +
    `times, ${aways[aways.length >> 1]} ms in the middle, ` +
    `${aways.at(-1)} ms at most; this test stood still for up to ${stallMs} ms`);
  assert.ok(aways.length >= TIMES * PUSHERS);
  // on a busy machine the clients may be late
  assert.ok(aways.at(-1) < BACK_MS + stallMs, `${aways.at(-1)} ms`);
  for (const { states } of pushers) assert.ok(!states.has('unavailable'));
}

/** Waits until every client has disconnected once more. */
async function allBack({ all }, i) {
  await Promise.all(all.map((client) => client.connected(i + 1)));
}

/** How often a line was logged. */
function count(lines, pattern) {
  return lines.filter((line) => pattern.test(line)).length;
}

/**
 * Whether the reload is complete: the new workers serve, the old ones are gone.
 */
async function relayReloaded(before, workers) {
  await until('the workers are replaced', () => {
    const now = workers();
    return now.length === before.length &&
      now.every((pid) => !before.includes(pid));
  });
}

async function reload(name) {
  const ready = () => count(stack.log(name), / is ready: | take over from /);
  const [pid, before] = [stack.pid(name), ready()];
  const workers = name === 'relay' ? stack.workers() : [];
  stack.kill(name, 'SIGHUP');
  await until(`${name} is reloaded`, () => ready() === before + 1);
  if (name === 'relay') await relayReloaded(workers, () => stack.workers());
  assert.equal(stack.pid(name), pid);
}

restartTest('ten reloads of both programs under load',
  async (channel, t) => {
    await underLoad(t, stack, channel, async (clients, i) => {
      await Promise.all([reload('relay'), reload('messages-fcgi')]);
      await allBack(clients, i);
    });
  });

/** The program in place of the stack's own, its socket held. */
async function hold(t, name, fd) {
  await stack.hold(name);
  const socket = path.join(stack.sockets, `${name}.sock`);
  const holder = spawn('setpriv', ['--pdeathsig', 'TERM', HOLD_SOCKET, socket,
    String(fd), `${BUILD}${name}`],
  { env: { ...environment(stack, name), PUSHLOG_WORKERS: '2' },
    stdio: ['ignore', 'ignore', 'pipe'] });
  const held = { said: '', program: () => children(holder.pid)[0] };
  holder.stderr.on('data', (text) => { held.said += text; });
  t.after(async () => {
    const ended = new Promise((resolve) => { holder.on('close', resolve); });
    holder.kill('SIGTERM');
    await ended;
    await stack.release(name);
  });
  held.restart = async () => {
    const before = held.program();
    process.kill(before, 'SIGTERM');
    await until(`${name} is restarted`, () => {
      const now = held.program();
      return now !== undefined && now !== before;
    });
  };
  await until(`${name} runs`, held.program);
  return held;
}

restartTest('ten restarts of both programs under load, their sockets held',
  async (channel, t) => {
    const held = [await hold(t, 'messages-fcgi', 0),
      await hold(t, 'relay', 3)];
    await until('posts are accepted', () => stack.post('Ada', 'first'));
    await underLoad(t, stack, channel, async (clients, i) => {
      await Promise.all(held.map((one) => one.restart()));
      await allBack(clients, i);
    });
    for (const { said } of held) assert.doesNotMatch(said, /hold_socket:/);
  });

for (const [name, fd] of [['messages-fcgi', 0], ['relay', 3]]) {
  restartTest(`the queue of ${name} holds a crowd on a socket that was given`,
    async (channel, t) => {
      const held = await hold(t, name, fd);
      const socket = path.join(stack.sockets, `${name}.sock`);
      await until(`${name} accepts`, () => stack.isUp(
        name === 'relay' ? '/app/' : '/config.json'));
      // nobody accepts any more; the manager's queue was one of HELD
      const pids = [held.program(), ...children(held.program())];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      try {
        await Promise.all(Array.from({ length: HELD + 500 },
          () => connects(socket)));
      } finally {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      }
    });
}

// --- two of each, where nothing holds the sockets ---

restartTest('two of each, replaced in turn ten times under load',
  async (channel, t) => {
    const two = await startStack({ env: { COPIES: '2' } });
    t.after(() => two.stop());
    const replace = async (name, { pushers, posting }) => {
      await two.hold(name);
      await pause(100);
      await two.release(name);
      await until(`${name} listens`, () =>
        connects(path.join(two.sockets, `${name}.sock`)));
      // a client refused here must not be refused by the other, too
      await posting.turn();
      await until('everyone is connected', () => pushers.every(
        ({ pusher }) => pusher.connection.state === 'connected'));
    };
    await two.logged(() => underLoad(t, two, channel, async (clients) => {
      for (const name of ['relay', 'messages-fcgi']) {
        await replace(name, clients);
        await replace(`${name}-2`, clients);
      }
    }))();
  });

// --- which file a reload runs ---

/** A copy of relay in a folder of its own, to be replaced. */
function copyOfRelay(t) {
  const folder = fs.mkdtempSync(path.join(stack.sockets, 'program.'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const program = path.join(folder, 'relay');
  fs.copyFileSync(`${BUILD}relay`, program);
  return { program,
    // as a package does: a new file takes the name
    replace(write) {
      write(`${program}.new`);
      fs.renameSync(`${program}.new`, program);
    } };
}

restartTest('a reload runs the file that has the name by then',
  async (channel, t) => {
    const copy = copyOfRelay(t);
    const own = await startRelay(stack, {}, copy.program);
    const runs = (pid) => fs.readlinkSync(`/proc/${pid}/exe`);
    const { pid } = own;
    const wire = await Wire.open(own.socket);
    for (let i = 1; i <= 2; i += 1) {
      copy.replace((file) => fs.copyFileSync(`${BUILD}relay`, file));
      const workers = own.workers();
      assert.equal(runs(pid), `${copy.program} (deleted)`);
      own.kill('SIGHUP');
      await relayReloaded(workers, () => own.workers());
      assert.equal(own.pid, pid);
      for (const one of [pid, ...own.workers()]) {
        assert.equal(runs(one), copy.program);
      }
    }
    assert.equal((await wire.closed()).code, 4200);
    await (await Wire.open(own.socket)).subscribe(channel);
  });

restartTest('a program that would not start leaves everything unchanged',
  async (channel, t) => {
    const copy = copyOfRelay(t);
    const limit = path.join(path.dirname(copy.program), 'limit');
    fs.writeFileSync(limit, '1000\n');
    const own = await startRelay(stack,
      { PUSHLOG_SUBSCRIPTIONS_MAX_FILE: limit }, copy.program);
    const wire = await Wire.open(own.socket);
    await wire.subscribe(channel);
    const workers = own.workers();
    const refusals = () => own.said.split('not reloaded').length - 1;
    const attempt = async (why) => {
      const before = refusals();
      own.kill('SIGHUP');
      await until('the reload is refused', () => refusals() === before + 1);
      assert.match(own.said.split('reloading: trying').at(-1), why);
      assert.deepEqual(own.workers(), workers);
      await wire.silent();
    };

    fs.writeFileSync(limit, 'many\n');
    await attempt(/PUSHLOG_SUBSCRIPTIONS_MAX: 'many' is not a whole number/);
    fs.writeFileSync(limit, '1000\n');
    copy.replace((file) => fs.writeFileSync(file, '', { mode: 0o755 }));
    await attempt(/cannot run '.*relay': Exec format error/);
    copy.replace((file) =>
      fs.writeFileSync(file, '#!/bin/sh\nkill -SEGV $$\n', { mode: 0o755 }));
    await attempt(/killed by signal 11/);
    fs.rmSync(copy.program);
    await attempt(/cannot run '.*relay': No such file/);

    const before = own.workers();
    fs.copyFileSync(`${BUILD}relay`, copy.program);
    own.kill('SIGHUP');
    await relayReloaded(before, () => own.workers());
  });

// --- how old workers end ---

/** A relay of one worker with this many subscribers; they record their end. */
async function filled(count_, env) {
  const own = await startRelay(stack, env);
  const wires = await Promise.all(
    Array.from({ length: count_ }, () => Wire.open(own.socket)));
  for (const wire of wires) {
    wire.onEnd = () => { wire.endedAt = Date.now(); };
  }
  return { own, wires };
}

restartTest('a reload closes its subscribers one by one', async () => {
  const { own, wires } = await filled(20,
    { PUSHLOG_RELOAD_DRAIN_MS: '4000' });
  const workers = own.workers();
  own.kill('SIGHUP');
  for (const wire of wires) assert.equal((await wire.closed()).code, 4200);
  await relayReloaded(workers, () => own.workers());
  // on the relay's own clock, however busy this process is
  const closes = () => own.said.split('\n')
    .filter((line) => line.includes(' closed cause=drain code=4200 '));
  await until('all of them are logged', () => closes().length === 20);
  const ends = closes()
    .map((line) => Date.parse(line.slice(0, line.indexOf(' '))));
  const took = ends.at(-1) - ends[0];
  assert.ok(took > 3000, `all were closed within ${took} ms`);
  const early = ends.filter((at) => at < ends[0] + took / 2).length;
  assert.ok(early >= 5 && early <= 15, `${early} of 20 in the first half`);
});

restartTest('a stop hastens a drain that is under way', async () => {
  const { own, wires } = await filled(20,
    { PUSHLOG_RELOAD_DRAIN_MS: '600000' });
  const workers = own.workers();
  own.kill('SIGHUP');
  await until('others take over', () => /take over from 1/.test(own.said));
  assert.equal(own.workers().length, 2);
  assert.ok(own.workers().includes(workers[0]));
  const stoppedAt = Date.now();
  await own.stop();
  for (const wire of wires) {
    assert.equal((await wire.closed()).code, 4200);
    assert.ok(wire.endedAt - stoppedAt < HURRIED_MS);
  }
});

restartTest('a reload may follow while the last one still drains',
  async (channel) => {
    const { own, wires } = await filled(20,
      { PUSHLOG_RELOAD_DRAIN_MS: '3000' });
    const first = own.workers();
    own.kill('SIGHUP');
    await until('others take over', () => /take over from 1/.test(own.said));
    const second = own.workers().filter((pid) => !first.includes(pid));
    const between = await Wire.open(own.socket);
    own.kill('SIGHUP');
    await until('others take over', () => /take over from 2/.test(own.said));
    await (await Wire.open(own.socket)).subscribe(channel);
    for (const wire of [...wires, between]) {
      assert.equal((await wire.closed()).code, 4200);
    }
    await relayReloaded([...first, ...second].slice(0, 1),
      () => own.workers());
    assert.ok(!own.workers().includes(second[0]));
  });

for (const signal of ['SIGHUP', 'SIGTERM']) {
  restartTest(`a handshake that is under way at ${signal} is finished`,
    async () => {
      const own = await startRelay(stack,
        { PUSHLOG_DRAIN_MS: '5000', PUSHLOG_RELOAD_DRAIN_MS: '100' });
      const request = upgradeRequest();
      const raw = new RawSocket(own.socket);
      raw.write(request.slice(0, request.length / 2));
      const wire = await Wire.open(own.socket); // accepted after the other
      own.kill(signal);
      assert.equal((await wire.closed()).code, 4200);
      raw.write(request.slice(request.length / 2));
      await raw.has(/Server restarting$/);
      assert.match(raw.text, /^HTTP\/1\.1 101 /);
      assert.equal(closeCode(raw.received), 4200);
      raw.socket.destroy();
    });
}
