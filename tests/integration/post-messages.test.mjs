// SPDX-License-Identifier: MIT
//
// messages-fcgi/API.md, POST /messages: every status and every type of body,
// through nginx.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { fastcgi } from './fastcgi.mjs';
import { rows } from './log.mjs';
import { exchange } from './raw.mjs';

const NAME_MAX = 50;
const TEXT_MAX = 500;

const stack = await startStack({ env: {
  PUSHLOG_NAME_MAX_BYTES: String(NAME_MAX),
  PUSHLOG_TEXT_MAX_BYTES: String(TEXT_MAX),
} });
after(() => stack.stop());

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function postTest(name, fn) {
  test(name, stack.logged(fn));
}

function post(body, type = FORM, headers = {}) {
  return stack.request('/messages',
    { method: 'POST', body, headers: { 'Content-Type': type, ...headers } });
}

const head = async (channel = 'messages') =>
  (await stack.get({ channel, limit: 1 })).head;

/** The members of every error; and nothing was stored. */
async function assertProblem(answer, status, param, before) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('Content-Type'),
    /^application\/problem\+json(;|$)/);
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff');
  const { title, detail, ...rest } = answer.json;
  assert.ok(title && detail);
  assert.deepEqual(rest, param ? { status, param } : { status });
  assert.equal(await head(), before);
}

// --- posts that a browser marks as cross-site, without allowed origins ---

for (const site of ['cross-site', 'same-site']) {
  postTest(`a post that is ${site} is 403 and stores nothing`, async () => {
    const before = await head();
    for (const headers of [{ 'Sec-Fetch-Site': site },
      { 'Sec-Fetch-Site': site, Origin: stack.origin }]) {
      await assertProblem(await post('name=Ada&text=x', FORM, headers), 403,
        undefined, before);
    }
  });
}

for (const headers of [{ 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'none' }, { Origin: 'https://example.org' }]) {
  postTest(`a post with ${JSON.stringify(headers)} is accepted`, async () => {
    const { status, headers: told } =
      await post('name=Ada&text=x', FORM, headers);
    assert.equal(status, 200);
    assert.equal(told.get('Access-Control-Allow-Origin'), null);
    assert.equal(told.get('Vary'), null);
  });
}

// --- accepted bodies ---

const BOUNDARY = 'a boundary_of-1';

/** A multipart body; parts are [headers, value]. */
function multipart(parts) {
  const all = parts.map(([headers, value]) => Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`), Buffer.from(value),
    Buffer.from('\r\n')]));
  return Buffer.concat([...all, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

const part = (name, value) =>
  [`Content-Disposition: form-data; name="${name}"`, value];
const MULTIPART = `multipart/form-data; boundary="${BOUNDARY}"`;

const formData = new FormData();
formData.set('name', 'Ada');
formData.set('text', 'zwei "Zeilen"\r\nund 😀');

for (const [why, body, type, text] of [
  ['urlencoded', 'name=Ada&text=a%20b+c%2B%C3%A9', FORM, 'a b c+é'],
  ['urlencoded with a charset', 'name=Ada&text=x', `${FORM}; charset=utf-8`,
    'x'],
  ['urlencoded, type in capitals', 'name=Ada&text=x', FORM.toUpperCase(), 'x'],
  ['urlencoded, the first value wins',
    'name=Ada&text=first&text=second&name=Eve', FORM, 'first'],
  ['urlencoded, empty text', 'name=Ada&text=', FORM, ''],
  ['urlencoded, text without =', 'name=Ada&text', FORM, ''],
  ['urlencoded, with more than is asked', 'name=Ada&&x=1&text=y&time=3', FORM,
    'y'],
  ['JSON', '{"name":"Ada","text":"a\\u00e9\\ud83d\\ude00\\n/\\/"}', JSON_TYPE,
    'aé😀\n//'],
  ['JSON with a charset', '{"name":"Ada","text":"x"}',
    `${JSON_TYPE};charset=utf-8`, 'x'],
  ['JSON with other members', ' { "a": [1, {}], "text": "y", "name": "Ada" } ',
    JSON_TYPE, 'y'],
  ['multipart by FormData', formData, undefined, 'zwei "Zeilen"\r\nund 😀'],
  ['multipart, quoted boundary, no file names',
    multipart([part('name', 'Ada'), part('text', 'x')]), MULTIPART, 'x'],
  ['multipart, the first value wins', multipart([part('text', 'first'),
    part('name', 'Ada'), part('text', 'second')]), MULTIPART, 'first'],
  ['multipart, empty text', multipart([part('text', ''), part('name', 'Ada')]),
    MULTIPART, ''],
  ['multipart with other headers and a name that is not quoted',
    multipart([['content-disposition: form-data; name=name', 'Ada'],
      ['Content-Type: text/plain; charset=utf-8\r\n' +
        'Content-Disposition:form-data;name="text"', 'x']]), MULTIPART, 'x'],
  ['multipart, a text that looks like a boundary',
    multipart([part('name', 'Ada'), part('text', `\r\n-${BOUNDARY}\r\n--a`)]),
    MULTIPART, `\r\n-${BOUNDARY}\r\n--a`],
  ['multipart, a field whose name has quotes',
    multipart([part('name', 'Ada'), part('a\\"text', 'no'), part('text', 'x')]),
    MULTIPART, 'x'],
  ['multipart with a preamble and an epilogue',
    Buffer.concat([Buffer.from('before\r\n'),
      multipart([part('name', 'Ada'), part('text', 'x')]),
      Buffer.from('behind')]), MULTIPART, 'x'],
]) {
  postTest(`accepts ${why}`, async () => {
    const options = { method: 'POST', body };
    if (type) options.headers = { 'Content-Type': type };
    const before = await head();
    const { status, text: said, json, headers } =
      await stack.request('/messages', options);
    assert.equal(status, 200, said);
    assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
    assert.equal(headers.get('Cache-Control'), 'no-store');
    assert.deepEqual(json, { id: before + 1, name: 'Ada',
      text: text.replaceAll('"', '&quot;'), time: json.time });
    assert.deepEqual(await rows(stack, 'messages', json.id), [json]);
  });
}

postTest('escapes all five characters once, and escaped text again',
  async () => {
  const all = `&<>"' &amp; &lt;b&gt; <i>`;
  const { json } = await post(new URLSearchParams({ name: all, text: all }));
  assert.equal(json.name, '&amp;&lt;&gt;&quot;&#39; ' +
    '&amp;amp; &amp;lt;b&amp;gt; &lt;i&gt;');
  assert.equal(json.text, json.name);
});

postTest('control characters, noncharacters and marks are stored', async () => {
  const text = '\x01\x1f\x7f\u0085\u200d\u2028\ufeff\uffff\u{10ffff}';
  const { json } = await post(new URLSearchParams({ name: '', text }));
  assert.equal(json.text, text);
  assert.equal(json.name, '');
  assert.deepEqual(await rows(stack, 'messages', json.id), [json]);
});

postTest('a body of unknown length is accepted through nginx', async () => {
  const answer = await new Promise((resolve, reject) => {
    const request = http.request(`${stack.origin}/messages`, { method: 'POST',
      headers: { 'Content-Type': FORM, 'Transfer-Encoding': 'chunked' } });
    request.on('response', resolve).on('error', reject);
    request.write('name=Ada&');
    request.end('text=in+chunks');
  });
  assert.equal(answer.statusCode, 200);
  answer.resume();
  assert.equal((await stack.get({ limit: 1 })).results[0].text, 'in chunks');
});

postTest('each channel has its own ids', async () => {
  for (const id of [1, 2]) {
    for (const channel of ['room-x', 'room-y']) {
      assert.equal((await stack.post('Ada', 'x', { channel })).id, id);
    }
  }
});

// --- 400 and the other refusals ---

const bytes = (...parts) =>
  Buffer.concat(parts.map((piece) => Buffer.from(piece)));
const ok = { name: 'Ada', text: 'x' };
const form = (fields) => String(new URLSearchParams({ ...ok, ...fields }));
const json = (fields) => JSON.stringify({ ...ok, ...fields });

for (const [status, why, param, body, type, headers] of [
  [400, 'no name', 'name', 'text=x'],
  [400, 'no text', 'text', 'name=Ada'],
  [400, 'nothing', 'name', ''],
  [400, 'no name in JSON', 'name', '{"text":"x"}', JSON_TYPE],
  [400, 'no text in multipart', 'text', multipart([part('name', 'Ada')]),
    MULTIPART],
  [400, 'a name that is not UTF-8', 'name', 'name=%FF&text=x'],
  [400, 'a text with an overlong form', 'text', 'name=Ada&text=%C0%AF'],
  [400, 'a text with a surrogate', 'text', 'name=Ada&text=%ED%A0%80'],
  [400, 'a text above U+10FFFF', 'text', 'name=Ada&text=%F4%90%80%80'],
  [400, 'a text that ends early', 'text', 'name=Ada&text=%E2%82'],
  [400, 'raw bytes that are not UTF-8', 'text',
    bytes('name=Ada&text=', [0xff])],
  [400, 'multipart that is not UTF-8', 'text',
    multipart([part('name', 'Ada'), part('text', Buffer.from([0xe4]))]),
    MULTIPART],
  [400, 'JSON that is not UTF-8', undefined,
    bytes('{"name":"Ada","text":"', [0xff], '"}'), JSON_TYPE],
  [400, 'a NUL', 'text', 'name=Ada&text=a%00b'],
  [400, 'a raw NUL', 'name', bytes('text=x&name=a', [0])],
  [400, 'a NUL in multipart', 'text',
    multipart([part('name', 'Ada'), part('text', 'a\0b')]), MULTIPART],
  [400, 'half a percent escape', undefined, 'name=Ada&text=100%'],
  [400, 'a percent escape that is none', undefined, 'name=Ada&text=%zz'],
  [400, 'more fields than any form has', undefined,
    form({}) + '&a=1'.repeat(100)],
  [400, 'JSON that ends early', undefined, '{"name":"Ada"', JSON_TYPE],
  [400, 'JSON and more', undefined, `${json({})} {}`, JSON_TYPE],
  [400, 'JSON that is an array', undefined, '["Ada","x"]', JSON_TYPE],
  [400, 'JSON that is empty', undefined, '', JSON_TYPE],
  [400, 'JSON in single quotes', undefined, "{'name':'Ada','text':'x'}",
    JSON_TYPE],
  [400, 'JSON with a raw control character', undefined,
    '{"name":"Ada","text":"a\nb"}', JSON_TYPE],
  [400, 'JSON with a comma at the end', undefined,
    '{"name":"Ada","text":"x",}', JSON_TYPE],
  [400, 'JSON with NaN', undefined, '{"name":"Ada","text":"x","n":NaN}',
    JSON_TYPE],
  [400, 'a JSON text that is a number', 'text', json({ text: 7 }), JSON_TYPE],
  [400, 'a JSON name that is null', 'name', json({ name: null }), JSON_TYPE],
  [400, 'a JSON text that is an object', 'text', json({ text: {} }), JSON_TYPE],
  [400, 'very deep JSON', undefined,
    `{"name":"Ada","text":"x","a":${'['.repeat(1000)}${']'.repeat(1000)}}`,
    JSON_TYPE],
  [400, 'multipart without a boundary', undefined, 'x', 'multipart/form-data'],
  [400, 'multipart without an end', undefined,
    multipart([part('name', 'Ada'), part('text', 'x')]).subarray(0, -8),
    MULTIPART],
  [400, 'multipart with another boundary', undefined,
    multipart([part('name', 'Ada'), part('text', 'x')]),
    'multipart/form-data; boundary=other'],
  [400, 'a part without a name', undefined,
    multipart([['Content-Disposition: form-data', 'Ada']]), MULTIPART],
  [400, 'a part without a header', undefined, multipart([['', 'Ada']]),
    MULTIPART],
  [400, 'an empty channel', 'channel', form({ channel: '' })],
  [400, 'a channel with a blank', 'channel', form({ channel: 'room a' })],
  [400, 'a channel with a slash', 'channel', form({ channel: 'room-/' })],
  [400, 'a channel with a NUL', 'channel', `${form({})}&channel=room-%00`],
  [400, 'a channel over 164 characters', 'channel',
    form({ channel: `room-${'x'.repeat(160)}` })],
  [400, 'a channel that is no string', 'channel', json({ channel: 1 }),
    JSON_TYPE],
  [400, 'an empty key', 'idempotency_key', form({ idempotency_key: '' })],
  [400, 'a key over 200 bytes', 'idempotency_key',
    form({ idempotency_key: 'é'.repeat(101) })],
  [400, 'a key over 200 bytes as a header', 'Idempotency-Key', form({}), FORM,
    { 'Idempotency-Key': 'k'.repeat(201) }],
  [403, 'another channel', 'channel', form({ channel: 'lobby' })],
  [403, 'a private channel', 'channel', form({ channel: 'private-room-1' })],
  [403, 'a presence channel', 'channel', form({ channel: 'presence-x' })],
  [403, 'almost a channel of the list', 'channel',
    form({ channel: 'messages2' })],
  [413, 'a long name', 'name', form({ name: 'x'.repeat(NAME_MAX + 1) })],
  [413, 'a long text, in bytes', 'text', form({ text: 'é'.repeat(251) })],
  [413, 'a long text in JSON', 'text', json({ text: 'x'.repeat(TEXT_MAX + 1) }),
    JSON_TYPE],
  [413, 'a body longer than any message', undefined,
    form({ x: 'x'.repeat(20_000) })],
  [415, 'plain text', 'Content-Type', form({}), 'text/plain'],
  [415, 'almost a type', 'Content-Type', json({}), 'application/json-seq'],
  [415, 'almost another type', 'Content-Type', json({}), 'application/jso'],
]) {
  postTest(`${status} for ${why}`, async () => {
    const before = await head();
    await assertProblem(await post(body, type, headers), status, param, before);
  });
}

postTest('413 for a body that nginx already refuses as too long', async () => {
  const before = await head();
  const answer = await post(form({ x: 'x'.repeat(2_000_000) }));
  assert.equal(answer.status, 413);
  assert.match(answer.headers.get('Content-Type'),
    /^application\/problem\+json(;|$)/);
  const { title, detail, status } = answer.json;
  assert.ok(title && detail);
  assert.equal(status, 413);
  assert.equal(await head(), before);
});

postTest('415 for a body without a type', async () => {
  const before = await head();
  const body = form({});
  const text = await exchange(stack, 'POST /messages HTTP/1.1\r\nHost: x\r\n' +
    `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.match(text, /^HTTP\/1\.1 415 /);
  assert.match(text, /"param":"Content-Type"/);
  assert.equal(await head(), before);
});

postTest('texts just within the limits are accepted', async () => {
  const name = '&'.repeat(NAME_MAX);
  const text = '"'.repeat(TEXT_MAX);
  // JSON may write each character as six
  const wordy = `{"name":"${'\\u0026'.repeat(NAME_MAX)}",` +
    `"text":"${'\\u0022'.repeat(TEXT_MAX)}"}`;
  for (const [body, type] of [[form({ name, text }), FORM],
    [wordy, JSON_TYPE]]) {
    const { status, json: row } = await post(body, type);
    assert.equal(status, 200);
    assert.equal(row.name, '&amp;'.repeat(NAME_MAX));
    assert.equal(row.text, '&quot;'.repeat(TEXT_MAX));
  }
  const channel = `room-${'x'.repeat(159)}`;
  assert.equal((await stack.post('Ada', 'x', { channel })).id, 1);
  await stack.post('Ada', 'x', { key: 'k'.repeat(200) });
});

postTest('411 for a request without a length', async () => {
  const { status, head: said, body } =
    await fastcgi(`${stack.sockets}/messages-fcgi.sock`,
      { REQUEST_METHOD: 'POST', DOCUMENT_URI: '/messages', CONTENT_TYPE: FORM },
      form({}));
  assert.equal(status, 411);
  assert.match(said, /^Content-Type: application\/problem\+json\r?$/m);
  assert.equal(JSON.parse(body).param, 'Content-Length');
});

postTest('400 for a body shorter or longer than its stated length',
  async () => {
  const body = form({});
  const before = await head();
  for (const length of [body.length - 1, body.length + 1, -1, 'x', '1e1']) {
    const { status } = await fastcgi(`${stack.sockets}/messages-fcgi.sock`,
      { REQUEST_METHOD: 'POST', DOCUMENT_URI: '/messages', CONTENT_TYPE: FORM,
        CONTENT_LENGTH: String(length) }, body);
    assert.equal(status, 400, `Content-Length: ${length}`);
  }
  assert.equal(await head(), before);
});

// --- methods and paths ---

for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
  postTest(`405 with Allow for ${method}`, async () => {
    const before = await head();
    const answer = await stack.request('/messages', { method });
    assert.equal(answer.headers.get('Allow'), 'GET, HEAD, POST, OPTIONS');
    await assertProblem(answer, 405, undefined, before);
  });
}

postTest('OPTIONS answers 204 with Allow', async () => {
  for (const [path, allow] of [['/messages', 'GET, HEAD, POST, OPTIONS'],
    ['/config.json', 'GET, HEAD, OPTIONS']]) {
    const { status, headers, text } =
      await stack.request(path, { method: 'OPTIONS' });
    assert.equal(status, 204);
    assert.equal(headers.get('Allow'), allow);
    assert.equal(text, '');
  }
});

postTest('HEAD answers as GET without the body', async () => {
  for (const path of ['/messages', '/messages?limit=2', '/messages?limit=x',
    '/messages?after_id=99999', '/config.json']) {
    const get = await stack.request(path);
    const { status, headers, text } =
      await stack.request(path, { method: 'HEAD' });
    assert.equal(status, get.status);
    assert.equal(text, '');
    for (const name of ['Content-Type', 'Cache-Control', 'ETag', 'Allow']) {
      assert.equal(headers.get(name), get.headers.get(name), `${path} ${name}`);
    }
  }
});

postTest('config.json has the key and the channel', async () => {
  const { status, text, headers } = await stack.request('/config.json');
  assert.equal(status, 200);
  assert.equal(text, '{"key":"pushlog-dev","channel":"messages"}');
  assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
  const before = await head();
  const answer = await stack.request('/config.json',
    { method: 'POST', body: 'x' });
  assert.equal(answer.headers.get('Allow'), 'GET, HEAD, OPTIONS');
  await assertProblem(answer, 405, undefined, before);
});

postTest('404 for paths that nginx would never pass on', async () => {
  const { status, body } =
    await fastcgi(`${stack.sockets}/messages-fcgi.sock`,
      { REQUEST_METHOD: 'GET', DOCUMENT_URI: '/messages/' });
  assert.equal(status, 404);
  assert.equal(JSON.parse(body).status, 404);
});

// --- idempotency ---

const KEYED = 'room-keys';

async function keyed(key, fields = {}, way = 'header') {
  const all = { ...ok, channel: KEYED, ...fields };
  return way === 'header'
    ? post(form(all), FORM, { 'Idempotency-Key': key })
    : post(form({ ...all, idempotency_key: key }));
}

postTest('a repeated key and message get the first answer', async () => {
  const first = await keyed('k1');
  assert.equal(first.status, 200);
  for (const way of ['header', 'field', 'header']) {
    const again = await keyed('k1', {}, way);
    assert.equal(again.status, 200);
    assert.equal(again.text, first.text);
  }
  // in any encoding: only the message counts
  const asJson = await post(
    json({ channel: KEYED, idempotency_key: 'k1' }), JSON_TYPE);
  assert.equal(asJson.text, first.text);
  assert.equal(await head(KEYED), 1);
});

postTest('a repeated key with another message is 422', async () => {
  const before = await head();
  const first = await keyed('k2');
  for (const fields of [{ text: 'other' }, { name: 'Eve' }]) {
    for (const way of ['header', 'field']) {
      await assertProblem(await keyed('k2', fields, way), 422,
        'Idempotency-Key', before);
    }
  }
  assert.equal((await keyed('k2')).text, first.text);
  assert.equal(await head(KEYED), first.json.id);
});

postTest('the header takes precedence over the field', async () => {
  const body = form({ channel: KEYED, text: 'h', idempotency_key: 'field-1' });
  const first = await post(body, FORM, { 'Idempotency-Key': 'header-1' });
  const byHeader = await keyed('header-1', { text: 'h' });
  assert.equal(byHeader.text, first.text);
  const byField = await keyed('field-1', { text: 'h' });
  assert.equal(byField.json.id, first.json.id + 1);
});

postTest('a key is unique within its channel only', async () => {
  const here = await keyed('k3');
  const there = await keyed('k3', { channel: 'room-other-keys', text: 'y' });
  assert.equal(there.status, 200);
  assert.equal(there.json.id, 1);
  assert.equal((await keyed('k3')).text, here.text);
});

postTest('without a key, the same message is stored twice', async () => {
  const first = await post(form({}));
  const second = await post(form({}));
  assert.equal(second.json.id, first.json.id + 1);
});

postTest('fifty concurrent posts with one key store one message', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => keyed('k4')));
  for (const { status, text } of answers) {
    assert.equal(status, 200);
    assert.equal(text, answers[0].text);
  }
  assert.equal(await head(KEYED), answers[0].json.id);
});

postTest('of different concurrent messages with one key, one is stored',
  async () => {
  const before = await head(KEYED);
  const answers = await Promise.all(Array.from({ length: 50 },
    (_, i) => keyed('k5', { text: `text ${i % 5}` })));
  const stored = await rows(stack, KEYED, before + 1);
  assert.equal(stored.length, 1);
  for (const [i, { status, json: row }] of answers.entries()) {
    if (stored[0].text === `text ${i % 5}`) {
      assert.deepEqual(row, stored[0]);
    } else {
      assert.equal(status, 422);
    }
  }
});

postTest('a request that nginx retries is stored once', async () => {
  const send = (id, text) => fastcgi(`${stack.sockets}/messages-fcgi.sock`, {
    REQUEST_METHOD: 'POST', DOCUMENT_URI: '/messages', CONTENT_TYPE: FORM,
    CONTENT_LENGTH: String(form({ text }).length), REQUEST_ID: id,
  }, form({ text }));
  const id = 'f'.repeat(32);
  const [first, again, other] = [await send(id, 'x'), await send(id, 'x'),
    await send(id.replace('f', 'e'), 'x')];
  assert.equal(first.status, 200);
  assert.equal(again.body, first.body);
  assert.equal(JSON.parse(other.body).id, JSON.parse(first.body).id + 1);
  // and a client can't use a request's id as its key
  const { json: row } = await post(form({}), FORM, { 'Idempotency-Key': id });
  assert.equal(row.id, JSON.parse(other.body).id + 1);
});

// --- cost of a post ---

postTest('PostgreSQL does not JIT-compile the statements of a post',
  async () => {
  await post('name=Ada&text=x');
  await head();
  const pids = (await stack.psql(`select pid from pg_stat_activity
    where usename in ('messages-fcgi', 'relay')`)).split('\n');
  assert.ok(pids.length >= 2);
  for (const pid of pids) { // it loads its compiler with the first use
    assert.doesNotMatch(fs.readFileSync(`/proc/${pid}/maps`, 'utf8'), /llvm/);
  }
});
