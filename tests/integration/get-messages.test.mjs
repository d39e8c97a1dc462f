// SPDX-License-Identifier: MIT
//
// messages-fcgi/API.md, GET /messages: ranges against a model, caching, lost
// history; and no partial answer ever looks complete.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startStack, until } from '../stack.mjs';
import { fastcgi } from './fastcgi.mjs';
import { append, appendMany, rows, trim } from './log.mjs';
import { between, random, randomText } from './random.mjs';

const ROWS = 40; // of the channel that most tests read
const MANY = 50_000;
const LIMIT_MAX = 1000;
const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

const stack = await startStack();
after(() => stack.stop());

const { rng, seed } = random();
const log = await append(stack, 'messages', Array.from({ length: ROWS },
  () => ({ name: randomText(rng, 5), text: randomText(rng, 20) })));
const epoch = await stack.psql('select pushlog.epoch()');

function getTest(name, fn) {
  test(name, stack.logged(fn));
}

function get(query, headers = {}) {
  return stack.request(`/messages?${new URLSearchParams(query)}`, { headers });
}

async function assertProblem(answer, status, param, members = {}) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('Content-Type'),
    /^application\/problem\+json(;|$)/);
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.equal(answer.headers.get('ETag'), null);
  const { title, detail, ...rest } = answer.json;
  assert.ok(title && detail);
  assert.deepEqual(rest, { status, param, ...members });
}

// --- ranges ---

/** The API page's rules for a query, as a model; all ids given are numbers. */
function model({ first, head }, { after_id, until_id, before_id, limit }) {
  if (after_id > head) return { status: 409 };
  if (after_id > 0 && after_id < first - 1) return { status: 410 };
  let ids = Array.from({ length: head - first + 1 }, (_, i) => first + i)
    .filter((id) => id > (after_id ?? 0) && id <= (until_id ?? head) &&
      id < (before_id ?? head + 1));
  const all = ids.length;
  if (limit !== undefined) {
    ids = after_id !== undefined ? ids.slice(0, limit) : ids.slice(-limit);
  }
  const isClosed = after_id !== undefined && until_id !== undefined &&
    until_id <= head && ids.length === all;
  return { status: 200, ids, has_more: ids.length < all, isClosed };
}

async function assertAsModel(channel, all, first, query) {
  const head = all.length;
  const expected = model({ first, head }, query);
  const answer = await get({ channel, ...query });
  const what = JSON.stringify(query);
  assert.equal(answer.status, expected.status, what);
  if (expected.status !== 200) return expected.status;
  const { results, ...rest } = answer.json;
  assert.deepEqual(results.map(({ id }) => id), expected.ids, what);
  assert.deepEqual(results, expected.ids.map((id) => all[id - 1]), what);
  assert.deepEqual(rest,
    { head, first_id: first, epoch, has_more: expected.has_more }, what);
  return 200;
}

function randomQuery(head) {
  const query = {};
  const number = () => between(rng, -2, head + 3);
  if (rng() < 0.6) query.after_id = number();
  if (rng() < 0.4) query.until_id = number();
  if (rng() < 0.4) query.before_id = number();
  if (rng() < 0.5) query.limit = between(rng, 1, head + 3);
  return query;
}

getTest('the answer has results first, and exactly these members', async () => {
  const { status, headers, text } = await get({ after_id: ROWS - 1 });
  assert.equal(status, 200);
  assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
  assert.equal(text, `{"results":[${JSON.stringify(log.at(-1))}],` +
    `"head":${ROWS},"first_id":1,"epoch":"${epoch}","has_more":false}`);
});

getTest("500 random ranges equal the model's", async (t) => {
  t.diagnostic(`seed ${seed}`);
  for (let i = 0; i < 500; i += 1) {
    await assertAsModel('messages', log, 1, randomQuery(ROWS));
  }
});

getTest("ranges of a trimmed log equal the model's", async (t) => {
  t.diagnostic(`seed ${seed}`);
  const channel = 'room-trimmed';
  const all = await append(stack, channel, log);
  await trim(stack, channel, 11);
  const seen = new Set();
  for (let i = 0; i < 300; i += 1) {
    seen.add(await assertAsModel(channel, all, 11, randomQuery(ROWS)));
  }
  assert.deepEqual([...seen].sort(), [200, 409, 410]);
  await trim(stack, channel, ROWS + 1); // nothing is left, but the head
  for (const query of [{}, { after_id: ROWS }, { limit: 3 }]) {
    await assertAsModel(channel, all, ROWS + 1, query);
  }
});

getTest('an empty channel has head 0', async () => {
  for (const query of [{}, { after_id: 0 }, { limit: 5 }, { after_id: -3 }]) {
    const { status, json } = await get({ channel: 'room-empty', ...query });
    assert.equal(status, 200);
    assert.deepEqual(json,
      { results: [], head: 0, first_id: 1, epoch, has_more: false });
  }
  await assertProblem(await get({ channel: 'room-empty', after_id: 1 }),
    409, 'after_id', { head: 0, epoch });
});

getTest('numbers at the ends of 64 bits are accepted', async () => {
  const everything = await get({});
  for (const query of [{ after_id: INT64_MIN }, { until_id: INT64_MAX },
    { before_id: INT64_MAX }, { after_id: '-0' }, { after_id: '000' }]) {
    const answer = await get(query);
    assert.equal(answer.status, 200, JSON.stringify(query));
    assert.equal(answer.text, everything.text, JSON.stringify(query));
  }
  for (const query of [{ until_id: INT64_MIN }, { before_id: INT64_MIN },
    { after_id: 1, until_id: INT64_MIN, limit: 1 }]) {
    const { status, json } = await get(query);
    assert.equal(status, 200);
    assert.deepEqual(json.results, []);
    assert.equal(json.has_more, false);
  }
  await assertProblem(await get({ after_id: INT64_MAX }), 409, 'after_id',
    { head: ROWS, epoch });
});

for (const name of ['after_id', 'until_id', 'before_id', 'limit']) {
  for (const value of ['', 'x', '1x', '0x1', '1.0', '1e3', ' 1', '1 ', '+1',
    '9223372036854775808', '-9223372036854775809', '１', '1,2', 'NaN', '--1',
    "1' or '1'='1", '1\0']) {
    getTest(`400 for ${name}=${JSON.stringify(value)}`, async () => {
      await assertProblem(await get({ [name]: value }), 400, name);
    });
  }
}

for (const [param, query] of [
  ['limit', 'limit=0'], ['limit', 'limit=-1'],
  ['limit', `limit=${LIMIT_MAX + 1}`], ['limit', `limit=${INT64_MAX}`],
  ['channel', 'channel='], ['channel', 'channel=a%20b'],
  ['channel', 'channel=room-%00'], ['channel', 'channel=room-%27'],
  ['channel', `channel=room-${'x'.repeat(160)}`],
]) {
  getTest(`400 for ?${query.slice(0, 40)}`, async () => {
    await assertProblem(await stack.request(`/messages?${query}`), 400, param);
  });
}

getTest('400 for a query that does not parse', async () => {
  const { status, json } = await stack.request('/messages?after_id=1%');
  assert.equal(status, 400);
  assert.ok(json.detail);
});

for (const channel of ['lobby', 'private-room-1', 'presence-x', 'messages2']) {
  getTest(`403 for ${channel}`, async () => {
    await assertProblem(await get({ channel }), 403, 'channel');
  });
}

getTest('other parameters are ignored, the first value wins', async () => {
  const { json } = await stack.request(
    `/messages?_=1&after_id=${ROWS - 2}&after_id=x&limit=1&limit=0`);
  assert.deepEqual(json.results, [log.at(-2)]);
});

getTest('409 for another epoch and 410 for trimmed history', async () => {
  await assertProblem(await get({ epoch: '0000000000000000' }), 409, 'epoch',
    { head: ROWS, epoch });
  await assertProblem(await get({ epoch: '' }), 409, 'epoch',
    { head: ROWS, epoch });
  assert.equal((await get({ epoch })).status, 200);

  const channel = 'room-gone';
  await append(stack, channel, log.slice(0, 10));
  await trim(stack, channel, 6);
  await assertProblem(await get({ channel, after_id: 4 }), 410, 'after_id',
    { first_id: 6 });
  assert.equal((await get({ channel, after_id: 5 })).json.results.length, 5);
  assert.equal((await get({ channel })).json.results.length, 5);
});

// --- caching ---

getTest('a closed range may be cached for an hour', async () => {
  const whole = { after_id: 3, until_id: 9, epoch };
  const { headers, json } = await get(whole);
  assert.equal(json.results.length, 6);
  assert.equal(headers.get('Cache-Control'), 'public, max-age=3600');
  assert.equal((await get({ ...whole, limit: 6 })).headers.get('Cache-Control'),
    'public, max-age=3600');
  assert.equal((await get({ ...whole, until_id: ROWS }))
    .headers.get('Cache-Control'), 'public, max-age=3600');
});

for (const [why, query] of [
  ['without epoch', { after_id: 3, until_id: 9 }],
  ['without after_id', { until_id: 9, epoch }],
  ['without until_id', { after_id: 3, epoch }],
  ['above the head', { after_id: 3, until_id: ROWS + 1, epoch }],
  ['that a limit cut', { after_id: 3, until_id: 9, epoch, limit: 5 }],
]) {
  getTest(`a range ${why} must be revalidated`, async () => {
    const { headers } = await get(query);
    assert.equal(headers.get('Cache-Control'), 'no-cache');
    assert.ok(headers.get('ETag'));
  });
}

getTest('304 until a new message is stored', async () => {
  const channel = 'room-etag';
  await append(stack, channel, log.slice(0, 3));
  const first = await get({ channel });
  const tag = first.headers.get('ETag');
  assert.match(tag, /^"[^"]+"$/);
  for (const given of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const { status, text, headers } =
      await get({ channel }, { 'If-None-Match': given });
    assert.equal(status, 304);
    assert.equal(text, '');
    assert.equal(headers.get('ETag'), tag);
    assert.equal(headers.get('Cache-Control'), 'no-cache');
  }
  assert.equal((await get({ channel }, { 'If-None-Match': '"other"' })).status,
    200);
  await stack.post('Ada', 'new', { channel });
  const then = await get({ channel }, { 'If-None-Match': tag });
  assert.equal(then.status, 200);
  assert.equal(then.json.results.length, 4);
  assert.notEqual(then.headers.get('ETag'), tag);
  await trim(stack, channel, 2);
  assert.equal((await get({ channel },
    { 'If-None-Match': then.headers.get('ETag') })).status, 200);
});

// --- whole or broken ---

/**
 * A GET as the network shows it: {status, text, isWhole}; isWhole is true if
 * HTTP calls it complete. onBegin is awaited after the first bytes, while no
 * more are read.
 */
function stream(target, onBegin = async () => {}) {
  return new Promise((resolve, reject) => {
    http.get(`${stack.origin}${target}`, async (response) => {
      const chunks = [];
      const done = (isWhole) => resolve({ status: response.statusCode,
        text: Buffer.concat(chunks).toString(), isWhole });
      response.on('error', () => done(false));
      response.on('end', () => done(response.complete));
      response.once('data', async (chunk) => {
        chunks.push(chunk);
        response.pause();
        try {
          await onBegin();
        } catch (error) {
          reject(error);
        }
        response.on('data', (more) => chunks.push(more));
        response.resume();
      });
    }).on('error', (error) => {
      // aborted before nginx has passed on the head
      if (error.code === 'ECONNRESET')
        resolve({ text: '', isWhole: false });
      else
        reject(error);
    });
  });
}

function assertBroken({ isWhole, text }) {
  assert.equal(isWhole, false);
  assert.throws(() => JSON.parse(text));
}

getTest(`${MANY} rows stream while posts continue`, async () => {
  const channel = 'room-many';
  await appendMany(stack, channel, MANY);
  let posted;
  const { status, text, isWhole } = await stream(
    `/messages?channel=${channel}`, async () => {
      posted = await stack.post('Ada', 'meanwhile', { channel });
    });
  assert.equal(status, 200);
  assert.ok(isWhole);
  const { results, head, has_more: hasMore } = JSON.parse(text);
  assert.equal(posted.id, MANY + 1);
  assert.equal(head, MANY); // as it was when the request was read
  assert.equal(hasMore, false);
  assert.deepEqual(results, await rows(stack, channel, 1, MANY));
});

getTest('a hole in the log aborts the answer instead of hiding', async () => {
  const channel = 'room-hole';
  await appendMany(stack, channel, 2000);
  await stack.psql(`delete from pushlog.event e using pushlog.channel c
    where c.id = e.channel_id and c.name = '${channel}'
      and e.id in (1500, 1990)`);
  assertBroken(await stream(`/messages?channel=${channel}`));
  // no web server can mistake this for the end of a body
  const ask = (query) => fastcgi(`${stack.sockets}/messages-fcgi.sock`,
    { REQUEST_METHOD: 'GET', DOCUMENT_URI: '/messages', QUERY_STRING: query });
  assert.equal((await ask(`channel=${channel}`)).end, 'spoilt');
  assert.equal((await ask(`channel=${channel}&until_id=9`)).end, 'complete');
  const small = await get({ channel, after_id: 1489, limit: 20 });
  assert.equal(small.status, 503); // found before the answer had begun
  assert.equal((await get({ channel, after_id: 1900, limit: 50 })).json
    .results.length, 50);
});

// More than nginx buffers for a client that does not read: the fault strikes in
// the middle of the answer.
const LARGE = 'room-large';
const LARGE_ROWS = 22_000;
const LARGE_BYTES = 4096;
const large = `/messages?channel=${LARGE}`;

async function getWorks() {
  await until('GET works again', () => stack.get({ limit: 1 }));
}

/**
 * Waits until nothing moves: nginx takes no more, and neither does the client.
 */
async function jammed() {
  const sum = async () => Number(await stack.psql(
    "select sum(xact_commit) from pg_stat_database where datname = 'pushlog'"));
  let last = await sum();
  await until('the answer is jammed', async () => {
    await pause(300);
    const now = await sum();
    const isStill = now - last <= 20; // what the polls of heads make
    last = now;
    return isStill;
  });
}

getTest('an answer is aborted when PostgreSQL dies in the middle of it',
  async () => {
  await appendMany(stack, LARGE, LARGE_ROWS, LARGE_BYTES);
  const answer = await stream(large, async () => {
    await jammed();
    await stack.hold('postgres');
  });
  await stack.release('postgres');
  assertBroken(answer);
  await getWorks();
});

getTest('an answer is aborted when messages-fcgi dies in the middle of it',
  async () => {
  const answer = await stream(large, async () => {
    const pid = stack.kill('messages-fcgi');
    await stack.restarted('messages-fcgi', pid);
  });
  assertBroken(answer);
  await getWorks();
});

getTest('under any fault an answer is complete, aborted or 503', async (t) => {
  // backends are killed again and again without waiting for an answer, by one
  // session, so that a busy machine adds no pauses
  let isOver = false;
  const storm = stack.psql(`do $$ begin
    for i in 1 .. 200 loop
      perform pg_stat_clear_snapshot();
      perform pg_terminate_backend(pid)
        from pg_stat_activity where usename = 'messages-fcgi';
      perform pg_sleep(0.02);
    end loop; end $$`).finally(() => { isOver = true; });
  const seen = { whole: 0, broken: 0, refused: 0 };
  const target = '/messages?channel=room-many&after_id=0';
  try {
    while (!isOver) {
      const { status, text, isWhole } = await stream(target);
      if (!isWhole) {
        assert.ok(status === undefined || status === 200);
        assertBroken({ isWhole, text });
        seen.broken += 1;
      } else if (status === 200) {
        const { results, head } = JSON.parse(text);
        assert.equal(results.length, head);
        assert.ok(results.every(({ id }, i) => id === i + 1));
        seen.whole += 1;
      } else {
        assert.equal(status, 503);
        assert.equal(JSON.parse(text).status, 503);
        seen.refused += 1;
      }
    }
  } finally {
    await storm;
  }
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.broken + seen.refused > 0); // else there was no storm
  await getWorks();
  assert.ok((await stream(target)).isWhole);
});
