// SPDX-License-Identifier: MIT
//
// The sites of deploy/nginx, in a real nginx in front of a real stack:
// unchanged but for their paths and ports.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

import { freePort, startStack, until } from '../stack.mjs';
import { KEY, QUERY, Wire } from './clients.mjs';
import { append } from './log.mjs';
import { RawSocket, upgradeRequest } from './raw.mjs';

const CONF = fileURLToPath(new URL('../../deploy/nginx', import.meta.url));
const FILES = ['pushlog.conf', 'http.conf', 'limits.conf'];
const NGINX = fs.existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
const ROWS = 40;
const BURST = 4; // where limits are to be felt

const stack = await startStack();
after(() => stack.stop());
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-nginx-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
fs.chmodSync(folder, 0o755);

await append(stack, 'messages',
  Array.from({ length: ROWS }, (_, i) => ({ text: `text ${i}` })));
const { epoch } = await stack.get({ limit: 1 });

// --- nginx ---

function makeCertificate() {
  const [key, cert] = ['privkey.pem', 'fullchain.pem']
    .map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=pushlog.example.org', '-keyout', key, '-out', cert],
  { stdio: 'pipe' });
}

// The http{} block of a system, and the paths that only root may write to
// elsewhere. As root, the workers run as a user that may enter the folder of
// the sockets.
function mainConf(home) {
  const temp = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi']
    .map((name) => `${name}_temp_path ${home}/${name};`).join('\n');
  return `${process.getuid() === 0 ? 'user nobody nogroup;' : ''}
    worker_processes 1;
    pid ${home}/pid;
    error_log stderr warn;
    events { worker_connections 4096; }
    http {
      ${temp}
      access_log off;
      include site.conf;
    }`;
}

/** Starts a site; resolves to {port, tlsPort, said}. change edits its files. */
async function startSite(name, change = (text) => text) {
  const home = path.join(folder, path.basename(name, '.conf'));
  const site = { port: await freePort(), tlsPort: await freePort(), said: '' };
  const fit = (text) => change(text
    .replace(/^ *listen \[::\].*\n/gm, '')
    .replace(/listen 80\b/, `listen 127.0.0.1:${site.port}`)
    .replace(/listen 443\b/, `listen 127.0.0.1:${site.tlsPort}`)
    .replaceAll('/run/pushlog/', `${stack.sockets}/`)
    .replaceAll('/var/cache/pushlog', `${home}/cache`)
    .replaceAll('/etc/pushlog/tls', folder)
    .replaceAll('/usr/share/pushlog/deploy/nginx', `${home}/pushlog`)
    .replaceAll('/usr/share/pushlog/web', `${stack.stateDir}/stage/web`));

  fs.mkdirSync(path.join(home, 'pushlog'), { recursive: true });
  for (const file of FILES) {
    fs.writeFileSync(path.join(home, 'pushlog', file),
      fit(fs.readFileSync(path.join(CONF, file), 'utf8')));
  }
  fs.writeFileSync(path.join(home, 'site.conf'),
    fit(fs.readFileSync(path.join(CONF, name), 'utf8')));
  fs.writeFileSync(path.join(home, 'nginx.conf'), mainConf(home));

  const args = ['-e', 'stderr', '-p', home, '-c', 'nginx.conf'];
  const check = execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1', NGINX, '-t',
    ...args], { encoding: 'utf8' });
  // and no warning beside it; nginx 1.25.1 and later have another line for HTTP/2,
  // which 1.22 refuses
  const others = check.replace(/^.*the "listen \.\.\. http2" directive is deprecated.*\n/m, '');
  assert.match(others, /^nginx: .* syntax is ok\nnginx: .* is successful\n$/);

  const child = spawn('setpriv', ['--pdeathsig', 'TERM', NGINX, ...args, '-g',
    'daemon off;'], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text) => { site.said += text; });
  after(async () => {
    child.kill('SIGTERM');
    await until('nginx stops', () => child.exitCode !== null);
  });
  site.origin = `http://127.0.0.1:${site.port}`;
  await until('nginx answers', () => fetch(site.origin, { redirect: 'manual' }));
  return site;
}

makeCertificate();
const plain = await startSite('site.conf');
const secure = await startSite('site-tls.conf', (text) =>
  text.replace(/burst=\d+/g, `burst=${BURST}`)
    .replace(/rate=\d+r\/s/g, 'rate=1r/m')
    // so that one machine can act as many
    .replace(/server_name .*/g, `$&
      set_real_ip_from 127.0.0.1;
      real_ip_header X-Test-From;`)
    .replace(/(limit_conn pushlog_sockets) \d+/, '$1 2'));

/** One request; {status, headers, text, json}. */
async function ask(target, options = {}, origin = plain.origin) {
  const response = await fetch(origin + target,
    { redirect: 'manual', ...options });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch { /* no JSON */ }
  return { status: response.status, headers: response.headers, text, json };
}

/** The same over TLS, HTTP/1.1; the test made the certificate. */
function askSecure(target, options = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port: secure.tlsPort,
      path: target, rejectUnauthorized: false, ...options }, async (response) => {
      const chunks = await response.toArray();
      const headers = new Headers(Object.entries(response.headers)
        .map(([name, value]) => [name, String(value)]));
      const text = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode, headers, text,
        json: text.startsWith('{') ? JSON.parse(text) : undefined });
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

function siteTest(name, fn) {
  test(name, stack.logged(async (t) => {
    try {
      await fn(t);
    } catch (error) {
      error.message += `\n${plain.said}${secure.said}`;
      throw error;
    }
  }));
}

// --- headers of every answer ---

function assertHardened({ headers }, what) {
  assert.match(headers.get('Content-Security-Policy') ?? '',
    /default-src 'none'.*frame-ancestors 'none'/, what);
  assert.equal(headers.get('X-Content-Type-Options'), 'nosniff', what);
  assert.equal(headers.get('Referrer-Policy'), 'no-referrer', what);
  assert.equal(headers.get('Server'), 'nginx', what);
  assert.equal(headers.get('Set-Cookie'), null, what);
}

function assertProblem(answer, status, title) {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('Content-Type'), 'application/problem+json');
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.deepEqual([answer.json.status, answer.json.title], [status, title]);
  assertHardened(answer, `${status}`);
}

siteTest('every answer has the security headers, whoever makes it',
  async () => {
  const big = { method: 'POST', body: 'x'.repeat(300 * 1024) };
  for (const [status, target, options] of [
    [200, '/'], [200, '/messages'], [200, '/config.json'],
    [200, `/messages?after_id=1&until_id=2&epoch=${epoch}`],
    [304, '/messages', { headers: { 'If-None-Match': '*' } }],
    [400, '/messages?after_id=x'], [403, '/messages?channel=private'],
    [404, '/nothing'], [404, '/app/'], [404, '/app/../nothing'],
    [405, '/', { method: 'POST' }], [405, '/messages', { method: 'PUT' }],
    [409, '/messages?after_id=9999'], [413, '/messages', big],
    [413, '/app/key', big], [415, '/messages', { method: 'POST', body: 'x' }],
    [426, `/app/${KEY}?${QUERY}`],
  ]) {
    const answer = await ask(target, options);
    assert.equal(answer.status, status, target);
    assertHardened(answer, `${status} ${target}`);
    assert.equal(answer.headers.get('Strict-Transport-Security'), null);
  }
});

siteTest('an unavailable program is 502, with security headers and ' +
  'Retry-After', async () => {
  await stack.hold('messages-fcgi');
  await stack.hold('relay');
  const [messages, app] = [await ask('/messages'), await ask(`/app/${KEY}`)];
  await Promise.all(['messages-fcgi', 'relay'].map((name) =>
    stack.release(name)));
  for (const answer of [messages, app]) {
    assertProblem(answer, 502, 'Service Unavailable');
    assert.equal(answer.headers.get('Retry-After'), '1');
  }
});

// --- limits ---

siteTest('an office behind one address meets no limit', async (t) => {
  const many = (count, fn) =>
    Promise.all(Array.from({ length: count }, (_, i) => fn(i)));
  const gets = await many(400, () => ask('/messages?limit=1'));
  assert.ok(gets.every(({ status }) => status === 200));
  const wires = await many(150, () =>
    Wire.open({ origin: plain.origin }));
  t.after(() => wires.forEach((wire) => wire.socket.terminate()));
  const posts = await many(150, (i) => ask('/messages', { method: 'POST',
    body: new URLSearchParams({ name: `n ${i}`, text: 't' }) }));
  assert.ok(posts.every(({ status }) => status === 200));
});

siteTest('too many posts are 429, and other requests still succeed',
  async () => {
  const body = 'name=Ada&text=flood';
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const statuses = [];
  let last;
  for (let i = 0; i < BURST + 3; i += 1) {
    last = await askSecure('/messages', { method: 'POST', headers, body });
    statuses.push(last.status);
  }
  assert.deepEqual(statuses, [...Array(BURST + 1).fill(200), 429, 429]);
  assertProblem(last, 429, 'Too Many Requests');
  assert.equal(last.headers.get('Retry-After'), '1');
  assert.ok(last.headers.get('Strict-Transport-Security'));
  assert.equal((await askSecure('/messages?limit=1')).status, 200);
});

siteTest('too many reads are 429, and the page still loads', async () => {
  let answer;
  for (let i = 0; i <= BURST + 1; i += 1) {
    answer = await askSecure('/messages?limit=1',
      { method: i % 2 ? 'HEAD' : 'GET' });
  }
  assert.equal(answer.status, 429);
  assertProblem(await askSecure('/messages'), 429, 'Too Many Requests');
  for (let i = 0; i < 3 * BURST; i += 1) {
    assert.equal((await askSecure('/')).status, 200);
    assert.equal((await askSecure('/config.json')).status, 200);
  }
});

siteTest('addresses of one IPv6 network share a limit', async () => {
  const from = (address) => askSecure('/messages?limit=1',
    { headers: { 'X-Test-From': address } });
  for (let i = 1; i <= BURST + 2; i += 1) {
    assert.equal((await from(`203.0.113.${i}`)).status, 200);
    assert.equal((await from(`2001:db8:1:${i}::1`)).status, 200);
    assert.equal((await from(`2001:db8:2:3:${i}::${i}`)).status,
      i <= BURST + 1 ? 200 : 429);
  }
});

for (const [who, target] of [["an app's server", '/apps/1/channels'],
  ['pages', '/pusher/auth'], ['pages', '/pusher/user-auth']]) {
  siteTest(`too many calls of ${who} to ${target} are 429`, async () => {
    let answer;
    for (let i = 0; i <= BURST + 1; i += 1) answer = await askSecure(target);
    assertProblem(answer, 429, 'Too Many Requests');
    assert.equal(answer.headers.get('Retry-After'), '1');
    assert.equal((await askSecure('/config.json')).status, 200);
  });
}

siteTest('a forged client address does not reach relay', async () => {
  const closed = () => stack.log('relay')
    .filter((line) => line.includes('closed cause=app'));
  const before = closed().length;
  const raw = new RawSocket(plain);
  raw.write(upgradeRequest({ target: '/app/of-nobody?protocol=7',
    headers: { 'X-Real-IP': '192.0.2.66', 'X-Forwarded-For': '192.0.2.66' } }));
  await raw.end();
  await until('relay logs it', () => closed().length > before);
  assert.match(closed().at(-1), / 127\.0\.0\.1 closed /);
});

// --- TLS ---

/** The server's result of a handshake: {protocol, cipher, alpn} or {code}. */
function handshake(options) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port: secure.tlsPort,
      rejectUnauthorized: false, ...options }, () => {
      resolve({ protocol: socket.getProtocol(),
        cipher: socket.getCipher().name, alpn: socket.alpnProtocol });
      socket.destroy();
    });
    socket.on('error', ({ code }) => resolve({ code }));
  });
}

siteTest('TLS 1.2 and 1.3 only', async () => {
  const only = (version, ciphers) => handshake({ minVersion: version,
    maxVersion: version, ciphers });
  for (const version of ['TLSv1', 'TLSv1.1']) {
    // level 0: the client would accept it, so it is the server that refuses
    assert.deepEqual(await only(version, 'ALL:@SECLEVEL=0'),
      { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  }
  assert.equal((await only('TLSv1.2')).protocol, 'TLSv1.2');
  assert.equal((await only('TLSv1.3')).protocol, 'TLSv1.3');
});

siteTest('only ciphers with forward secrecy and authentication', async () => {
  const at12 = (ciphers) => handshake({ maxVersion: 'TLSv1.2', ciphers });
  for (const cipher of ['ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
    assert.equal((await at12(cipher)).cipher, cipher);
  }
  for (const cipher of ['AES128-GCM-SHA256', 'AES256-SHA',
    'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-CCM', 'DHE-RSA-AES128-GCM-SHA256']) {
    const { code } = await at12(`${cipher}:@SECLEVEL=0`);
    assert.match(code ?? 'accepted', /HANDSHAKE_FAILURE/, cipher);
  }
});

siteTest('HTTP/2, with HSTS', async () => {
  assert.equal((await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn,
    'h2');
  const session = http2.connect(`https://127.0.0.1:${secure.tlsPort}`,
    { rejectUnauthorized: false });
  const stream = session.request({ ':path': '/config.json' });
  const headers = await new Promise((resolve, reject) => {
    stream.on('response', resolve).on('error', reject);
  });
  const body = Buffer.concat(await stream.toArray()).toString();
  session.close();
  assert.equal(headers[':status'], 200);
  assert.equal(headers['strict-transport-security'], 'max-age=63072000');
  assert.equal(JSON.parse(body).key, KEY);
  const missing = await askSecure('/nothing');
  assert.equal(missing.status, 404);
  assertHardened(missing, '404 by TLS');
  assert.equal(missing.headers.get('Strict-Transport-Security'),
    'max-age=63072000');
});

siteTest('plain HTTP is redirected to TLS', async () => {
  const answer = await ask('/messages?after_id=3', {}, secure.origin);
  assert.equal(answer.status, 301);
  assert.equal(answer.headers.get('Location'),
    'https://127.0.0.1/messages?after_id=3');
  assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff');
});

siteTest('subscribers connect over TLS, up to a limit', async (t) => {
  const url = `wss://127.0.0.1:${secure.tlsPort}/app/${KEY}?${QUERY}`;
  const open = () => new Wire(url, { rejectUnauthorized: false });
  const wires = [open(), open()];
  t.after(() => wires.forEach((wire) => wire.socket.terminate()));
  for (const wire of wires) await wire.next('pusher:connection_established');
  await wires[0].subscribe('messages');
  // two at a time, as this site is configured
  const third = open();
  await third.closed();
  assert.equal(third.refused, 429);
  await wires[1].close();
  await until('there is room again', async () => {
    wires[1] = open();
    await until('it arrives', () => wires[1].texts.length || wires[1].ended);
    return !wires[1].refused;
  });
  // and a limited number of attempts
  let last;
  for (let i = 0; i <= BURST; i += 1) last = await askSecure('/app/');
  assertProblem(last, 429, 'Too Many Requests');
});

// --- the cache ---

const closed = (from, to, more = '') =>
  `/messages?after_id=${from}&until_id=${to}&epoch=${epoch}${more}`;
const cacheOf = ({ headers }) => headers.get('X-Cache-Status');

siteTest('a closed range is read once, and is the same to the byte',
  async () => {
  const direct = await stack.request(closed(3, 30));
  const first = await ask(closed(3, 30));
  const second = await ask(closed(3, 30));
  assert.deepEqual([cacheOf(first), cacheOf(second)], ['MISS', 'HIT']);
  for (const answer of [first, second]) {
    assert.equal(answer.text, direct.text);
    assert.equal(answer.headers.get('Cache-Control'), 'public, max-age=3600');
    assert.equal(answer.headers.get('Content-Type'),
      direct.headers.get('Content-Type'));
    assertHardened(answer);
  }
  // another range is another answer
  assert.equal(cacheOf(await ask(closed(3, 31))), 'MISS');
  assert.equal((await ask(closed(3, 31))).json.results.at(-1).id, 31);
  assert.equal(cacheOf(await ask(closed(3, 30, '&limit=5'))), 'MISS');
  // and messages-fcgi is not even needed
  await stack.hold('messages-fcgi');
  const without = await ask(closed(3, 30));
  await stack.release('messages-fcgi');
  assert.deepEqual([cacheOf(without), without.text], ['HIT', direct.text]);
});

siteTest('no other answer is cached', async () => {
  const { head } = await stack.get({ limit: 1 });
  for (const [target, wanted] of [
    ['/messages?after_id=3', null],
    ['/messages?after_id=3&until_id=9', null],
    ['/messages', null],
    ['/config.json', null],
    [closed(3, 9).replace('/messages', '/apps/1/channels'), null],
    [`/messages?xafter_id=3&until_id=9&epoch=${epoch}`, null],
    [closed(3, 'x'), null],
    // these look like a closed range, but messages-fcgi does not allow caching
    [closed(3, 30, '&limit=4'), 'MISS'],
    [closed(3, head + 10), 'MISS'],
    [closed(head + 1, head + 9), 'MISS'],
    ['/messages?after_id=3&until_id=9&epoch=other', 'MISS'],
  ]) {
    for (let i = 0; i < 2; i += 1) {
      assert.equal(cacheOf(await ask(target)), wanted, target);
    }
  }
  const { headers, text } = await ask(closed(5, 9), { method: 'HEAD' });
  assert.equal(headers.get('X-Cache-Status'), null);
  assert.equal(text, '');
  assert.equal((await ask(closed(5, 9))).json.results.length, 4);
  const { headers: open } = await ask('/messages?after_id=3');
  const again = await ask('/messages?after_id=3',
    { headers: { 'If-None-Match': open.get('ETag') } });
  assert.equal(again.status, 304);
});

siteTest('concurrent requests for the same range become one', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () =>
    ask(closed(1, 38))));
  const misses = answers.filter((answer) => cacheOf(answer) === 'MISS');
  assert.equal(misses.length, 1);
  assert.ok(answers.every(({ text }) => text === misses[0].text));
  assert.ok(answers.every((answer) => ['MISS', 'HIT'].includes(
    cacheOf(answer))));
});

siteTest('a cached answer never hides a 410 or a 409', async () => {
  await stack.psql(`update pushlog.channel set first_id = 12
    where name = 'messages'`);
  const gone = await ask(closed(4, 30));
  assert.deepEqual([gone.status, cacheOf(gone)], [410, 'MISS']);
  assert.equal((await ask(closed(4, 30))).status, 410);
  await stack.psql(`update pushlog.channel set first_id = 1
    where name = 'messages'`);
  assert.equal((await ask(closed(4, 30))).status, 200); // was not kept
});
