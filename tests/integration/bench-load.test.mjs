// SPDX-License-Identifier: MIT
//
// The load generator of tests/bench/, on a small scale: it finds relay without
// fault, and the faults of a server that has some. Nothing is timed here.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { WebSocketServer } from 'ws';

import { subscribe } from '../bench/peers/redis.mjs';
import { startStack } from '../stack.mjs';
import { KEY } from './clients.mjs';
import { BUILD } from './relay.mjs';

const stack = await startStack();
after(() => stack.stop());

const REDIS = path.join(stack.sockets, 'redis.sock');

/** What the load says, as an object. */
async function load(env) {
  const { stdout } = await promisify(execFile)(path.join(BUILD, 'load'), {
    env: { LOAD_REDIS: `unix:${REDIS}`, LOAD_WARMUP_MS: '200',
      LOAD_MEASURE_MS: '800', ...env } });
  return JSON.parse(stdout);
}

const loadRelay = (env) => load({
  LOAD_SERVER: `127.0.0.1:${stack.port}`,
  LOAD_PATH: `/app/${KEY}?protocol=7`,
  LOAD_HELLO: '{"event":"pusher:subscribe","data":{"channel":"%"}}',
  LOAD_READY: 'subscription_succeeded',
  LOAD_DATABASE: `host=${stack.sockets} dbname=pushlog user=messages-fcgi`,
  ...env,
});

function isWhole(result, readers) {
  const { published, delivered, lost, missing, repeated, closed } = result;
  assert.ok(published > 0);
  assert.deepEqual({ delivered, lost, missing, repeated, closed },
    { delivered: published * readers, lost: 0, missing: 0, repeated: 0,
      closed: {} });
}

test('the load keeps messages in flight, and all arrive',
  stack.logged(async () => {
    isWhole(await loadRelay({ LOAD_ROOM: 'room-flight-',
      LOAD_SUBSCRIBERS: '40' }), 40);
    const head = await stack.psql(`select last_id = count(*) from
      pushlog.channel c join pushlog.event e on e.channel_id = c.id
      where c.name = 'room-flight-0' group by last_id`);
    assert.equal(head, 't');
  }));

test('the load publishes to many rooms at a rate, and all arrive',
  stack.logged(async () => {
    isWhole(await loadRelay({ LOAD_ROOM: 'room-rate-', LOAD_ROOMS: '10',
      LOAD_SUBSCRIBERS: '30', LOAD_RATE: '200' }), 3);
  }));

test('the load sees what a server loses, repeats and cuts off',
  stack.logged(async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    t.after(() => server.close());
    process.env.REDIS_SOCKET = REDIS;
    let count = 0;
    const { close } = await subscribe((room, text) => {
      count += 1;
      if (room !== 'faulty0' || count === 10) return;
      for (const socket of server.clients) {
        socket.send(text);
        if (count === 20) socket.send(text);
      }
      if (count === 30) [...server.clients][0].close(4100);
    });
    t.after(close);

    const result = await load({ LOAD_ROOM: 'faulty', LOAD_SUBSCRIBERS: '4',
      LOAD_RATE: '100', LOAD_SERVER: `127.0.0.1:${server.address().port}` });

    assert.equal(result.missing, 4);
    assert.equal(result.repeated, 4);
    assert.equal(result.lost, 4 + result.published - 30);
    assert.deepEqual(result.closed, { 4100: 1 });
  }));
