// SPDX-License-Identifier: MIT
//
// What the Flask application does, by Bun's own server, SQL client and Redis
// client.

const { RedisClient, SQL, escapeHTML, serve } = globalThis.Bun;

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
  await redis.publish(`bench:${channel}`, JSON.stringify(message));
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

// bigints come as strings
function toMessage({ id, name, text, time_ms: time }) {
  return { id: Number(id), name, text, time: Number(time) };
}

serve({
  unix: process.env.SOCKET,
  fetch: (request) => (request.method === 'POST' ? post(request)
    : get(request)),
});
