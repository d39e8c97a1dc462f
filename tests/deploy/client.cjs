// SPDX-License-Identifier: MIT
//
// A poster and an unmodified pusher-js client, through nginx, until SIGTERM. It
// must not notice what happens to the services meanwhile: it prints a line, and
// fails if a post failed or had to be repeated too often, if a message is missing,
// repeated or out of order, or if the client was disconnected too long.
//
//   node client.cjs PUSHER.JS HOST PORT KEY ABSENT_MAX_MS REPEATS_MAX
//
// Uses TLS if the port is 443.
'use strict';

const [pusherPath, host, port, key, absentMaxMs, repeatsMax] = process.argv.slice(2);
const Pusher = require(pusherPath);

const PACE_MS = 25; // nginx allows 50 posts a second
const REPEAT_MS = 100;
const CATCH_UP_MS = 10_000;

const isTls = port === '443';
const address = `${isTls ? 'https' : 'http'}://${host}:${port}/messages`;
const posted = [];
const repeats = []; // the reason of each
const failures = [];
const got = new Map(); // text by id, both pushed and read
let last = 0; // the id of the last pushed message
let disorders = 0;
let absentSince = Date.now();
let absentMs = 0;
let connections = 0;
let isStopping = false;

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

async function post(text) {
  const answer = await fetch(address, { method: 'POST',
    headers: { 'Idempotency-Key': `${text} of ${process.pid}` },
    body: new URLSearchParams({ name: 'Ada', text }) });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${body}`);
  posted.push(JSON.parse(body).id);
}

// A post without an answer may be stored; the same key stores it only once.
async function postSurely(text) {
  try {
    await post(text);
  } catch (error) {
    repeats.push(error.message);
    await pause(REPEAT_MS);
    await post(text).catch(({ message }) => failures.push(message));
  }
}

async function read(target) {
  const answer = await fetch(target);
  if (!answer.ok) throw new Error(`GET answered ${answer.status}`);
  const { results, head } = await answer.json();
  for (const { id, text } of results) got.set(id, text);
  return head;
}

const pusher = new Pusher(key, { wsHost: host, wsPort: port, wssPort: port,
  forceTLS: isTls, cluster: 'x', enabledTransports: ['ws', 'wss'] });
pusher.connection.bind('connected', () => {
  connections += 1;
  if (connections > 1) absentMs = Math.max(absentMs, Date.now() - absentSince);
});
pusher.connection.bind('state_change', ({ previous }) => {
  if (previous === 'connected') absentSince = Date.now();
});
const channel = pusher.subscribe('messages');
channel.bind('new_message', ({ id, text }) => {
  if (id <= last) disorders += 1;
  last = id;
  got.set(id, text);
});
let cursor = 0;
channel.bind('pusher:subscription_succeeded', async () => {
  try {
    cursor = await read(`${address}?after_id=${cursor}`);
  } catch (error) {
    failures.push(error.message);
  }
});

async function main() {
  process.on('SIGTERM', () => { isStopping = true; });
  while (connections === 0) await pause(PACE_MS);
  console.log('ready');
  for (let i = 0; !isStopping; i += 1) {
    await postSurely(`message ${i}`);
    await pause(PACE_MS);
  }
  const end = Date.now() + CATCH_UP_MS;
  const isComplete = () => posted.every((id) => got.has(id));
  while (!isComplete() && Date.now() < end) await pause(PACE_MS);
  const missing = posted.filter((id) => !got.has(id)).length;
  console.log(`posted ${posted.length}, repeated ${repeats.length}, `
    + `failed ${failures.length}, `
    + `missing ${missing}, in disorder ${disorders}, `
    + `connections ${connections}, longest absence ${absentMs} ms`,
  [...repeats, ...failures].slice(0, 3).join('; '));
  const isWell = posted.length > 0 && failures.length === 0 && missing === 0
    && disorders === 0 && repeats.length <= Number(repeatsMax)
    && absentMs <= Number(absentMaxMs);
  process.exit(isWell ? 0 : 1);
}
main();
