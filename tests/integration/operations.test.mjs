// SPDX-License-Identifier: MIT
//
// Health and metrics are true: whether a program is alive and ready, and
// numbers that agree with what was done. Asking disturbs nothing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort, startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { append, envelope, publish } from './log.mjs';
import { ask, metrics, opsSocket } from './ops.mjs';
import { RawSocket, exchange } from './raw.mjs';
import { startRelay } from './relay.mjs';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAMS = ['messages-fcgi', 'relay'];
// "At once" on a busy machine.
const SOON_MS = 3000;
// Longer than a slow peer may take, see common/daemon/ops_server.c.
const BORNE_MS = 12_000;
const PLACES = 16;

const stack = await startStack();
after(() => stack.stop());

let channels = 0;

/** A test with a channel of its own. */
function operationsTest(name, fn) {
  test(name, stack.logged((t) => fn(`room-${channels += 1}`, t)));
}

const at = (program) => opsSocket(stack, program);
const health = (program) => ask(at(program), '/healthz');
const readiness = (program) => ask(at(program), '/readyz');

/** Waits until the program answers so. */
const ready = (program, status, pattern) =>
  until(`${program} answers ${status} ${pattern}`, async () => {
    const answer = await readiness(program);
    return answer.status === status && pattern.test(answer.text);
  });

/** The growth of a program's numbers since the last call. */
async function growth(program) {
  const before = await metrics(at(program));
  return async () => {
    const now = await metrics(at(program));
    return (name, labels) => now.get(name, labels) - before.get(name, labels);
  };
}

/** Connections that subscribe, one after the other. */
async function subscribers(t, count, channel) {
  const wires = [];
  t.after(() => wires.forEach((wire) => wire.close()));
  for (let i = 0; i < count; i += 1) {
    wires.push(await Wire.open(stack));
    await wires[i].subscribe(channel);
  }
  return wires;
}

// --- health ---

operationsTest('with all servers up, both programs are alive and ready',
  async () => {
  for (const program of PROGRAMS) {
    await ready(program, 200, /^ok\n$/);
    const { status, type, text } = await health(program);
    assert.deepEqual({ status, type, text },
      { status: 200, type: 'text/plain; charset=utf-8', text: 'ok\n' });
    assert.equal((await ask(at(program), '/healthz', 'HEAD')).text, '');
    assert.equal((await ask(at(program), '/metrics', 'POST')).status, 405);
    assert.equal((await ask(at(program), '/')).status, 404);
  }
});

operationsTest('without PostgreSQL neither program is ready, and both are ' +
  'alive',
  async (channel, t) => {
    await stack.hold('postgres');
    t.after(() => stack.release('postgres').catch(() => {}));
    for (const program of PROGRAMS) {
      await ready(program, 503, /^failing: postgresql is unavailable\n$/);
      assert.equal((await health(program)).status, 200);
      assert.equal((await metrics(at(program))).get(
        `pushlog_${program.replace('-fcgi', '')}_postgres_up`), 0);
    }
    await stack.release('postgres');
    // without any request, the program notices by itself
    for (const program of PROGRAMS) await ready(program, 200, /^ok\n$/);
  });

operationsTest('without Redis both programs are degraded, and ready',
  async (channel, t) => {
    await stack.hold('redis');
    t.after(() => stack.release('redis').catch(() => {}));
    for (const program of PROGRAMS) {
      await ready(program, 200, /^degraded: redis is unavailable\n$/);
      assert.equal((await metrics(at(program))).get(
        `pushlog_${program.replace('-fcgi', '')}_redis_up`), 0);
    }
    await stack.post('Ada', 'without Redis', { channel });
    await stack.release('redis');
    for (const program of PROGRAMS) await ready(program, 200, /^ok\n$/);
  });

operationsTest('a stuck worker is reported', async (channel, t) => {
  const socket = at('relay');
  const [worker] = stack.workers();
  process.kill(worker, 'SIGSTOP');
  t.after(() => process.kill(worker, 'SIGCONT'));
  await until('the other one reports it', async () => {
    const { status, text } = await ask(socket, '/healthz');
    return status === 503 && text === 'failing: 1 workers do not turn\n';
  }, 30_000);
  process.kill(worker, 'SIGCONT');
  await until('all turn', async () =>
    (await ask(socket, '/healthz')).status === 200);
});

// --- numbers ---

operationsTest('the metrics follow the text format', async () => {
  for (const program of PROGRAMS) {
    const { text } = await metrics(at(program));
    // checked by Prometheus' own tool, where it is installed
    const promtool = spawnSync('promtool', ['check', 'metrics'],
      { input: text, encoding: 'utf8' });
    if (!promtool.error) {
      assert.deepEqual([promtool.status, promtool.stderr], [0, '']);
    }
  }
});

operationsTest('dashboard, alerts and pages name only existing metrics',
  async () => {
    const read = (file) =>
      fs.readFileSync(path.join(TOP, file), 'utf8');
    const named = (text) => new Set(text.match(/\bpushlog_[a-z_]+/g));
    const all = await Promise.all(PROGRAMS.map((p) => metrics(at(p))));
    const known = new Set(all.flatMap((each) => [...each.names()]));
    const families = all.flatMap((each) => [...each.families.keys()]);
    for (const file of ['deploy/grafana/pushlog.json',
      'deploy/prometheus/alerts.yml']) {
      for (const name of named(read(file))) {
        assert.ok(known.has(name), `${file}: there is no ${name}`);
      }
    }
    const rows = read('docs/operate.md').match(/^\| `pushlog_[a-z_]+`/gm)
      .map((row) => row.match(/`(.+)`/)[1]);
    assert.deepEqual(rows.sort(), families.sort());

    const dashboard = JSON.parse(read('deploy/grafana/pushlog.json'));
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    // a metric that nothing uses need not exist
    const shown = named(JSON.stringify(dashboard.panels));
    for (const family of families) {
      assert.ok([...shown].some((name) => name.startsWith(family)), family);
    }
    const rules = spawnSync('promtool', ['check', 'rules',
      path.join(TOP, 'deploy/prometheus/alerts.yml')], { encoding: 'utf8' });
    if (!rules.error) assert.equal(rules.status, 0, rules.stdout);
  });

test('without durable channels both programs are ready as well', async () => {
  const plain = await startStack({ env: { PUSHLOG_CHANNELS: '' } });
  try {
    await until('messages-fcgi is ready', async () =>
      (await ask(opsSocket(plain, PROGRAMS[0]), '/readyz')).status === 200);
  } finally {
    await plain.stop();
  }
});

operationsTest('posts are counted', async (channel) => {
  const grown = await growth('messages-fcgi');
  const post = (text, key) => stack.request('/messages', { method: 'POST',
    body: new URLSearchParams({ name: 'Ada', text, channel }),
    headers: { 'Idempotency-Key': `${channel} ${key}` } });
  for (let i = 0; i < 10; i += 1) await post('new', i);
  await post('new', 3);
  await post('new', 4);
  assert.equal((await post('other', 5)).status, 422);
  assert.equal((await stack.request('/messages?after_id=x')).status, 400);
  await stack.get({ channel });
  for (const path of ['/apps/9/events', '/apps/9/channels/a/events']) {
    assert.equal((await stack.request(path,
      { method: /els/.test(path) ? 'GET' : 'POST' })).status, 404);
  }
  assert.equal((await stack.request('/pusher/auth',
    { method: 'POST', body: new URLSearchParams() })).status, 400);
  assert.equal((await stack.request('/messages',
    { method: 'DELETE' })).status, 405);
  const by = await until('the last is counted', async () => {
    const now = await grown();
    return now('pushlog_messages_requests_total',
      { route: 'other', status: 405 }) === 1 && now;
  });
  for (const [name, labels, value] of [
    ['posts_total', { outcome: 'stored' }, 10],
    ['posts_total', { outcome: 'repeated' }, 2],
    ['posts_total', { outcome: 'conflict' }, 1],
    ['posts_total', { outcome: 'unavailable' }, 0],
    ['requests_total', { route: 'POST /messages', status: 200 }, 12],
    ['requests_total', { route: 'POST /messages', status: 422 }, 1],
    ['requests_total', { route: 'GET /messages', status: 400 }, 1],
    ['requests_total', { route: 'GET /messages', status: 200 }, 1],
    ['requests_total', { route: 'POST /apps/*/events', status: 404 }, 1],
    ['requests_total', { route: 'GET /apps/*/channels/*/events',
      status: 404 }, 1],
    ['requests_total', { route: 'POST /pusher/auth', status: 400 }, 1],
    ['requests_total', {}, 19],
    ['request_duration_seconds_count', { route: 'POST /messages' }, 13],
    ['batch_events_sum', {}, 13], // repetitions are in a batch, too
    ['commit_duration_seconds_count', {}, 13],
    ['published_events_total', {}, 10],
    ['publish_dropped_events_total', {}, 0],
    ['requests_in_flight', {}, 0],
    ['posts_waiting', {}, 0],
  ]) {
    const name_ = `pushlog_messages_${name}`;
    assert.equal(by(name_, labels), value, `${name_} ${JSON.stringify(labels)}`);
  }
});

operationsTest('deliveries are counted', async (channel, t) => {
  const grown = await growth('relay');
  const wires = await subscribers(t, 6, channel);
  for (let i = 0; i < 20; i += 1) await stack.post('Ada', 'text', { channel });
  for (const wire of wires) await wire.events(20);
  let by = await grown();
  for (const [name, value] of [
    ['deliveries_total', 120], ['connections', 6], ['subscriptions', 6],
    ['connections_opened_total', 6], ['queue_bytes', 0], ['stash_bytes', 0],
  ]) {
    assert.equal(by(`pushlog_relay_${name}`), value, name);
  }
  const bytes = wires.flatMap(({ texts }) => texts).join('').length;
  assert.ok(by('pushlog_relay_sent_bytes_total') > bytes);
  // each worker receives each event once, if it has a subscriber
  const followed = by('pushlog_relay_channels');
  assert.ok(followed === 1 || followed === 2);
  assert.equal(by('pushlog_relay_hints_total'), 20 * followed);
  for (const wire of wires) await wire.close();
  await until('all of them are gone', async () => {
    by = await grown();
    return by('pushlog_relay_connections') === 0;
  });
  assert.equal(by('pushlog_relay_subscriptions'), 0);
  assert.equal(by('pushlog_relay_channels'), 0);
  assert.equal(
    by('pushlog_relay_connections_closed_total', { cause: 'peer' }), 6);
});

operationsTest('healed events are counted', async (channel, t) => {
  const [wire] = await subscribers(t, 1, channel);
  const grown = await growth('relay');
  const rows = await append(stack, channel,
    Array.from({ length: 5 }, (_, i) => ({ text: `lost ${i}` })));
  await wire.events(5);
  const epoch = await stack.psql('select pushlog.epoch()');
  await publish(stack, channel, envelope(epoch, channel, rows[2]));
  await publish(stack, channel, 'garbage');
  const by = await until('dropped messages are counted', async () => {
    const now = await grown();
    return now('pushlog_relay_hints_dropped_total') === 2 && now;
  });
  assert.equal(by('pushlog_relay_events_healed_total'), 5);
  assert.equal(by('pushlog_relay_deliveries_total'), 5);
  assert.ok(by('pushlog_relay_holes_read_total') >= 1);
  assert.ok(by('pushlog_relay_head_polls_total') >= 1);
  for (const cause of ['repeated', 'not-ours']) {
    assert.equal(by('pushlog_relay_hints_dropped_total', { cause }), 1);
  }
});

operationsTest("counters survive a worker's death",
  async (channel, t) => {
    const wires = await subscribers(t, 8, channel);
    await stack.post('Ada', 'before', { channel });
    for (const wire of wires) await wire.events(1);
    const before = await metrics(at('relay'));
    assert.equal(before.get('pushlog_relay_workers'), 2);
    for (const worker of stack.workers()) {
      process.kill(worker, 'SIGKILL');
      await until('it is replaced', () => stack.workers().length === 2
        && !stack.workers().includes(worker));
    }
    const now = await until('both are back', async () => {
      const numbers = await metrics(at('relay'));
      return numbers.get('pushlog_relay_workers') === 2 && numbers;
    });
    for (const [name, { type, samples }] of before.families) {
      if (type === 'gauge') continue;
      for (const [key, value] of samples) {
        assert.ok(now.families.get(name).samples.get(key) >= value,
          `${name}${key}`);
      }
    }
    assert.equal(now.get('pushlog_relay_deliveries_total'),
      before.get('pushlog_relay_deliveries_total'));
    assert.equal(now.get('pushlog_relay_connections'), 0);
    assert.equal(now.get('pushlog_relay_subscriptions'), 0);
    await ready('relay', 200, /^ok\n$/);
  });

operationsTest('a reload refuses no health check', async () => {
  let asked = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      assert.equal((await ask(at('relay'), '/healthz')).status, 200);
      asked += 1;
    }
  })();
  const before = stack.workers();
  stack.kill('relay', 'SIGHUP');
  await until('the workers are replaced', () => {
    const now = stack.workers();
    return now.length === 2 && !now.some((pid) => before.includes(pid));
  }, 30_000);
  await ready('relay', 200, /^ok\n$/);
  isOver = true;
  await asking;
  assert.ok(asked > 1);
  assert.equal((await metrics(at('relay'))).get('pushlog_relay_workers'), 2);
  // messages-fcgi finishes its requests first, and then listens again
  const pid = stack.kill('messages-fcgi', 'SIGHUP');
  await until('it is another process', async () => (await metrics(at('messages-fcgi')))
    .get('pushlog_messages_requests_total') === 0);
  assert.equal(stack.pid('messages-fcgi'), pid);
  await ready('messages-fcgi', 200, /^ok\n$/);
});

// --- clients of the ops address ---

operationsTest('slow peers delay neither health checks nor anything else',
  async (channel, t) => {
    const [wire] = await subscribers(t, 1, channel);
    const slow = [];
    t.after(() => slow.forEach(({ socket }) => socket.destroy()));
    const connect = (program) => {
      const raw = new RawSocket(at(program));
      raw.write('GET /metr');
      slow.push(raw);
    };
    for (const program of PROGRAMS) {
      for (let i = 0; i < 3 * PLACES; i += 1) connect(program);
    }
    const dribble = setInterval(() => {
      for (const { socket } of slow) if (!socket.destroyed) socket.write('i');
    }, 100);
    t.after(() => clearInterval(dribble));
    for (let i = 0; i < 10; i += 1) {
      for (const program of PROGRAMS) {
        connect(program);
        const startedAt = Date.now();
        assert.equal((await health(program)).status, 200);
        assert.ok(Date.now() - startedAt < SOON_MS);
        await metrics(at(program));
      }
      await stack.post('Ada', 'meanwhile', { channel });
      await wire.events(1, SOON_MS);
    }
    await until('all of them are dropped', () =>
      slow.every(({ hasEnded }) => hasEnded), BORNE_MS);
  });

operationsTest('a peer that reads no answer is dropped', async (_, t) => {
  for (const program of PROGRAMS) {
    const raw = new RawSocket(at(program));
    t.after(() => raw.socket.destroy());
    raw.socket.pause();
    raw.write('GET /metrics HTTP/1.1\r\n\r\n');
    // the end shows when more is sent to it
    await until('it is dropped', () => {
      raw.write('x');
      return raw.hasEnded;
    }, BORNE_MS);
  }
});

operationsTest('an invalid request is refused', async () => {
  for (const program of PROGRAMS) {
    for (const [bytes, status] of [
      ['\r\n\r\n', 400], ['GET / HTTP/1.1\n\n', 400], ['\0\0\0\n', 400],
      ['GET /healthz HTTP/1.0\r\n\r\n', 200],
      ['GET /healthz HTTP/2.0\r\n\r\n', 505],
      [`GET /${'x'.repeat(5000)} HTTP/1.1\r\n\r\n`, 431],
      [`GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, 431],
      ['GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n', 200],
    ]) {
      const answer = await exchange(at(program), bytes);
      assert.equal(Number(answer.match(/^HTTP\/1\.1 (\d+) /)?.[1]), status,
        `${program}: ${bytes.slice(0, 40)}`);
      assert.match(answer, /\r\nConnection: close\r\n/);
      assert.equal(answer.match(/^HTTP\/1\.1 /gm).length, 1);
    }
  }
});

operationsTest('a TCP address works as well, and an empty one disables the ' +
  'listener',
  async () => {
    const port = await freePort();
    const relay = await startRelay(stack,
      { PUSHLOG_OPS_LISTEN: `127.0.0.1:${port}` });
    await until('it is ready', async () =>
      (await ask({ host: '127.0.0.1', port }, '/readyz')).text === 'ok\n');
    await relay.stop();
    await assert.rejects(ask({ host: '127.0.0.1', port }, '/readyz'));
    await startRelay(stack, { PUSHLOG_OPS_LISTEN: '' });
  });

// --- the log ---

operationsTest('a Redis that answers and refuses is reported once',
  async (channel, t) => {
    const rights = (rule) => stack.redis(['ACL', 'SETUSER', 'default', rule]);
    const told = (program) =>
      stack.log(program).filter((line) => /redis/.test(line)).length;
    t.after(() => Promise.all([rights('+publish'), rights('+subscribe')]));
    await ready('relay', 200, /^ok\n$/);
    await ready('messages-fcgi', 200, /^ok\n$/);
    const before = Object.fromEntries(PROGRAMS.map((p) => [p, told(p)]));

    await rights('-publish');
    await rights('-subscribe');
    const wires = await subscribers(t, 4, channel);
    for (let i = 0; i < 10; i += 1) {
      await stack.post('Ada', 'refused', { channel });
      await pause(200);
    }
    for (const wire of wires) await wire.events(10);
    for (const program of PROGRAMS) {
      await ready(program, 200, /^degraded/);
    }
    assert.equal(told('messages-fcgi') - before['messages-fcgi'], 1);
    assert.ok(told('relay') - before.relay <= 2); // once per worker

    await rights('+publish');
    await rights('+subscribe');
    await until('the metric shows that events are published', async () => {
      await stack.post('Ada', 'taken', { channel });
      return told('messages-fcgi') - before['messages-fcgi'] === 2;
    });
    for (const program of PROGRAMS) await ready(program, 200, /^ok\n$/);
    assert.ok(told('relay') - before.relay <= 4);
  });
