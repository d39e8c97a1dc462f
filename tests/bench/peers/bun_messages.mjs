// SPDX-License-Identifier: MIT
//
// The Flask application, written for Bun's server, SQL client and Redis client.
// Subscribers get posted messages through Redis and Bun's publish.

import { roomOf, succeeded } from './pusher.mjs';
import { subscribe } from './redis.mjs';

const { RedisClient, SQL, escapeHTML, serve } = globalThis.Bun;
const PREFIX = 'bench:'; // of the rooms in Redis

const sql = new SQL({ adapter: 'postgres', database: 'pushlog',
  username: 'postgres', path: `${process.env.POSTGRES_SOCKET}`,
  max: Number(process.env.POOL) });
const redis = new RedisClient(`redis+unix://${process.env.REDIS_SOCKET}`);

async function post(request) {
  const form = new URLSearchParams(await request.text());
  const channel = form.get('channel');
  const [row] = await sql`insert into bench.message (channel, name, text)
    values (${channel}, ${escapeHTML(form.get('name'))}, ${
      escapeHTML(form.get('text'))})
    returning id, name, text, time_ms`;
  const message = toMessage(row);
  await redis.publish(`${PREFIX}${channel}`, JSON.stringify(message));
  return Response.json(message);
}

async function get(request) {
  const { searchParams } = new URL(request.url);
  const rows = await sql`select * from (select id, name, text, time_ms
    from bench.message where channel = ${searchParams.get('channel')}
    order by id desc limit ${Number(searchParams.get('limit'))}) as newest
    order by id`;
  return Response.json({ results: rows.map(toMessage) });
}

// bigints arrive as strings
function toMessage({ id, name, text, time_ms: time }) {
  return { id: Number(id), name, text, time: Number(time) };
}

function answer(request, self) {
  if (request.method === 'POST') return post(request);
  return self.upgrade(request) ? undefined : get(request);
}

// only when a client subscribes: posting alone does not need it
let subscribed;

const server = serve({
  unix: process.env.SOCKET,
  fetch: answer,
  websocket: {
    idleTimeout: 0,
    async message(socket, message) {
      const room = roomOf(message);
      subscribed ??= subscribe(push, PREFIX);
      await subscribed;
      socket.subscribe(room);
      socket.send(succeeded(room));
    },
  },
});

function push(channel, data) {
  server.publish(channel, JSON.stringify({ event: 'new_message', channel,
    data }));
}
