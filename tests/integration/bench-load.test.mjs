// SPDX-License-Identifier: MIT
//
// The load generators of tests/bench/ on a small scale: they report no faults
// for the real programs, and find the faults of a faulty server. Nothing is
// timed here.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
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

/** The load's report as an object. */
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

test('the load detects lost and repeated messages and broken connections',
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

/** The report of the HTTP load as an object. */
async function httpLoad(env) {
  const { stdout } = await promisify(execFile)(path.join(BUILD, 'http-load'), {
    env: { LOAD_SERVER: `127.0.0.1:${stack.port}`, LOAD_WARMUP_MS: '100',
      LOAD_MEASURE_MS: '400', ...env } });
  return JSON.parse(stdout);
}

const POSTS = { LOAD_POST: 'channel=%&name=bench&text=@' };

test('the load posts, and every post that it counts is stored',
  stack.logged(async () => {
    const result = await httpLoad({ ...POSTS, LOAD_CHANNEL: 'room-posts-',
      LOAD_CHANNELS: '3', LOAD_CONNECTIONS: '8', LOAD_KEYS: '1' });
    const { sent, good, stored, failed, statuses } = result;
    assert.ok(sent > 0);
    assert.deepEqual({ good, stored, failed, statuses },
      { good: sent, stored: sent, failed: 0, statuses: { 200: sent } });
    assert.equal(Number(await stack.psql(`select count(*) from pushlog.event e
      join pushlog.channel c on c.id = e.channel_id
      where c.name like 'room-posts-%'`)), sent);
  }));

test('the load requests pages, and counts their rows',
  stack.logged(async () => {
    for (let i = 0; i < 3; i += 1) {
      await stack.post('a', 'b', { channel: 'room-pages-0' });
    }
    const pages = { LOAD_PATH: '/messages?channel=%',
      LOAD_CHANNEL: 'room-pages-', LOAD_CONNECTIONS: '4', LOAD_REQUESTS: '40' };
    const whole = await httpLoad({ ...pages, LOAD_ROWS: '3' });
    assert.equal(whole.good, 40);
    const short = await httpLoad({ ...pages, LOAD_ROWS: '4' });
    assert.deepEqual([short.good, short.wrong, short.failed], [0, 40, 40]);
  }));

test('the load detects refusals, wrong answers, chunks and broken connections',
  stack.logged(async (t) => {
    const answers = [
      (response) => response.writeHead(503).end('{}'),
      (response) => response.writeHead(200).end('not what was posted'),
      (response) => response.destroy(),
      (response, text) => {
        response.write(text.slice(0, 3));
        response.end(text.slice(3));
      },
    ];
    let count = 0;
    const server = http.createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      answers[count % answers.length](response, text);
      count += 1;
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    t.after(() => server.close());
    const { sent, good, wrong, broken, statuses } = await httpLoad({ ...POSTS,
      LOAD_SERVER: `127.0.0.1:${server.address().port}`, LOAD_REQUESTS: '40' });
    assert.deepEqual({ sent, good, wrong, broken, statuses }, { sent: 40,
      good: 10, wrong: 10, broken: 10, statuses: { 200: 20, 503: 10 } });
  }));
