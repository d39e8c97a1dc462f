// SPDX-License-Identifier: MIT
//
// One run of one peer of messages-fcgi. The messages that it serves are stored
// before; the posted messages are counted afterwards.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

import { FORM, measureScreen } from './screen.mjs';
import { BUILD } from './servers.mjs';

const LIMIT_MS = 180_000;
const APP = '1';
const BATCH = 250; // messages that one statement appends to fill a channel

const run = promisify(execFile);
let rooms = 0;

/** The load generator's result for that run, {cpu_us, …}. */
export async function measureHttp(front, scenario, each, { seconds }) {
  if (each.pgbench) return pgbench(front, each.pgbench, seconds);
  const room = scenario.rows ? await fill(front, scenario.rows)
    : `room-${process.pid}-${rooms += 1}-`;
  if (each.copy) return copy(front, room);
  const measured = scenario.screen
    ? await measureScreen(front, room, scenario.load, { ...each, seconds })
    : await measurePeer(front, room, scenario, each, seconds);
  return { ...measured, ...await count(front, each, room, measured) };
}

async function measurePeer(front, room, scenario, each, seconds) {
  const peer = await front.startPeer(each.server);
  try {
    const { stdout } = await run(path.join(BUILD, 'http-load'), {
      timeout: LIMIT_MS,
      env: {
        LOAD_SERVER: `127.0.0.1:${peer.port}`,
        LOAD_CHANNEL: room,
        LOAD_MEASURE_MS: String(seconds * 1000),
        LOAD_APP: peer.pids.join(),
        ...front.bills,
        ...scenario.rows ? gets(front, scenario, each) : { LOAD_POST: FORM },
        ...strings(scenario.load),
        ...strings(each.load),
      },
    });
    return JSON.parse(stdout);
  } finally {
    await peer.stop();
  }
}

const strings = (env = {}) => Object.fromEntries(
  Object.entries(env).map(([name, value]) => [name, String(value)]));

// A 200 without a row in the table counts as a failure.
async function count({ stack }, { server }, room, { stored, failed }) {
  if (stored === 0) return {};
  const rows = Number(await stack.psql(server === 'pushlog'
    ? `select count(*) from pushlog.event as e join pushlog.channel as c
      on c.id = e.channel_id where c.name like '${room}%'`
    : `select count(*) from bench.message where channel like '${room}%'`));
  return { failed: failed + Math.max(0, stored - rows) };
}

// --- stored messages to read ---

const filled = new Map();

/** Fills a channel with count messages in both tables, once. Returns its name
 * without the 0 that the load appends. */
async function fill({ stack, folder }, rows) {
  const room = `room-${process.pid}-filled-${rows}-`;
  if (filled.has(room)) return room;
  const all = `array_fill('%s'::text, '{${BATCH}}')`;
  const column = (text) => all.replace('%s', text);
  await stack.psql(`
    select count(*) from generate_series(1, ${rows / BATCH}) as g,
      pushlog.append('${APP}', ${column(`${room}0`)}, ${column('new_message')},
        ${column('bench')}, ${column('x'.repeat(130))}, null,
        (select array_agg(substr(sha256(('${room}' || g || ' ' || n)::bytea),
          1, 16)) from generate_series(1, ${BATCH}) as n), null);
    insert into bench.message (channel, name, text)
      select '${room}0', 'bench', '${'x'.repeat(130)}'
        from generate_series(1, ${rows});
    vacuum analyze pushlog.event, pushlog.channel, bench.message;`
    .replace(/vacuum[^;]*;/, ''));
  await stack.psql('vacuum (analyze) pushlog.event, pushlog.channel, bench.message');
  const get = async (query) =>
    (await stack.request(`/messages?channel=${room}0&${query}`)).text;
  const newest = await get('limit=50');
  const { head, epoch } = JSON.parse(newest);
  const closed = `after_id=${head - 100}&until_id=${head - 50}&epoch=${epoch}`;
  filled.set(room, { closed });
  fs.writeFileSync(path.join(folder, 'static/newest.json'), newest);
  fs.writeFileSync(path.join(folder, 'static/closed.json'), await get(closed));
  return room;
}

function gets(front, { rows }, { server, what }) {
  const { closed } = filled.get(`room-${process.pid}-filled-${rows}-`);
  const page = (name, query) =>
    (server === 'static' ? `/${name}.json` : `/messages?channel=%&${query}`);
  const newest = page('newest', 'limit=50');
  if (what === 'all') {
    return { LOAD_PATH: '/messages?channel=%', LOAD_ROWS: String(rows),
      LOAD_REQUESTS: '5' };
  }
  if (what === 'closed') {
    return { LOAD_PATH: page('closed', closed), LOAD_ROWS: '50' };
  }
  if (what === 'mixed') {
    return { LOAD_PATH: newest, LOAD_ROWS: '50',
      LOAD_OTHER_PATH: page('closed', closed), LOAD_OTHER_ROWS: '50' };
  }
  return { LOAD_PATH: newest, LOAD_ROWS: '50' };
}

// --- the database alone ---

async function pgbench({ stack, folder }, { clients, sql }, seconds) {
  const script = path.join(folder, 'insert.sql');
  fs.writeFileSync(script, sql);
  const { stdout } = await run('pgbench', ['-n', '-h', stack.sockets,
    '-U', 'postgres', '-M', 'prepared', '-c', String(clients),
    '-T', String(seconds + 1), '-f', script, 'pushlog']);
  return { per_second: Number(stdout.match(/^tps = ([\d.]+)/m)[1]),
    p50_ms: Number(stdout.match(/^latency average = ([\d.]+)/m)[1]),
    failed: Number(stdout.match(/^number of failed transactions: (\d+)/m)[1]) };
}

// the same rows through psql, five times as the load does
async function copy({ stack }, room) {
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const began = performance.now();
    await run('psql', ['-XAtq', '-h', stack.sockets, '-U', 'postgres',
      '-d', 'pushlog', '-c', `\\copy (select id, name, text, time_ms
        from pushlog.event where channel_id = (select id from pushlog.channel
          where name = '${room}0') order by id) to '/dev/null'`
        .replace(/\s+/g, ' ')]);
    times.push(performance.now() - began);
  }
  return { p50_ms: times.sort((a, b) => a - b)[2], failed: 0 };
}
