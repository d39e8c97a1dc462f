// SPDX-License-Identifier: MIT
//
// docker-compose up in deploy/: it works at once, keeps stored messages, exposes
// only nginx, trusts no neighbour, and is upgraded without an outage.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { address, Wire } from '../integration/clients.mjs';
import { PusherFollower } from '../integration/follower.mjs';
import { children, until } from '../stack.mjs';
import { docker, inspect } from './docker.mjs';
import { block, blocks, openProject, sectionsOf } from './project.mjs';

const JOBS = ['prepare', 'migrate', 'retention'];
const PROGRAMS = ['messages-fcgi-1', 'messages-fcgi-2', 'relay-1', 'relay-2'];
const SERVICES = [...PROGRAMS, 'postgres', 'redis', 'nginx'];
const RESTART_MS = 60_000;
const PUSHER_BACK_MS = 2_000;
const FOLLOWERS = 20;
const POSTERS = 4;
const PROGRAM_MAX_BYTES = 40_000_000; // of an image, beside Debian

const { project, end } = await openProject();
after(end);

// --- the commands of the page ---

const PAGE = 'docs/deploy.md';
const SECTION = 'docker-compose';
const followed = new Set();

/** The section's block of that number, which counts as followed. */
function commands(number) {
  followed.add(`${PAGE} ${SECTION} ${number}`);
  return block(PAGE, SECTION, number);
}

const backup = (number) => block('docs/operate.md', 'Backup', number);

// --- the processes of a container, as the kernel sees them ---

function processes({ State: { Pid } }) {
  const below = (pid) => [pid, ...children(pid).flatMap(below)];
  return below(Pid);
}

function status(pid) {
  return Object.fromEntries(fs.readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n').map((line) => line.split(/:\s*/, 2)));
}

/** The command lines and environments of all processes. */
function commandLines() {
  const texts = [];
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const file of ['cmdline', 'environ']) {
      try {
        texts.push(fs.readFileSync(`/proc/${pid}/${file}`, 'latin1'));
      } catch { /* it has ended */ }
    }
  }
  return texts.join('\n');
}

// --- clients ---

/**
 * Posts until stop(). No post is repeated: each must be stored. Each has a
 * connection of its own, because nginx closes idle connections when it reloads,
 * even if a request is on the way: browsers repeat that request, fetch does not.
 */
function keepPosting(site, channel) {
  let isOver = false;
  const answered = [];
  const failed = [];
  const post = async (text) => {
    const { status: code, json } = await site.request('/messages', {
      method: 'POST',
      // many addresses, because nginx limits the posts of each
      headers: { connection: 'close',
        'X-Forwarded-For': `203.0.113.${answered.length % 250}` },
      body: new URLSearchParams({ name: 'Ada', text, channel }) });
    if (code === 200) answered.push(json);
    else failed.push(`${code} ${JSON.stringify(json)}`);
  };
  const poster = async (number) => {
    for (let i = 0; !isOver; i += 1) {
      await post(`${number} ${i}`).catch((error) => {
        failed.push(`${error.message}: ${error.cause?.message ?? ''}`);
      });
    }
  };
  const all = Array.from({ length: POSTERS }, (_, number) => poster(number));
  return { answered,
    failed,
    async stop() {
      isOver = true;
      await Promise.all(all);
    } };
}

/** The output of curl in a container of its own in nginx's network. */
async function besideNginx(...args) {
  const { NetworkSettings } = await project.container('nginx');
  const [network] = Object.keys(NetworkSettings.Networks);
  return docker('run', '--rm', '--network', network, '--entrypoint', 'curl',
    project.env.NGINX_IMAGE, '-fsS', ...args);
}

/** Records the length of each absence of a pusher-js client. */
function watchAbsences({ pusher }) {
  const absences = [];
  let left;
  pusher.connection.bind('state_change', ({ previous, current }) => {
    if (previous === 'connected') left = Date.now();
    if (current === 'connected' && left) absences.push(Date.now() - left);
  });
  return absences;
}

function promise(name, fn) {
  test(name, async (t) => {
    try {
      await fn(t);
    } catch (error) {
      const logs = await project.compose('logs', '--no-color', '--tail=15')
        .catch(({ message }) => message);
      for (const line of logs.split('\n')) console.log(`# ${line}`);
      throw error;
    }
  });
}

promise('docker-compose up on a fresh checkout serves the page and messages',
  async () => {
    await project.shell(commands(1),
      { ...project.place, cwd: project.folder });
    const page = await project.request('/');
    assert.equal(page.status, 200);
    const [script] = page.text.match(/app-[A-Z0-9]{8}\.js/);
    assert.equal((await project.request(`/${script}`)).status, 200);
    const posted = await project.post('Ada', '1 < 2');
    assert.equal(posted.id, 1);
    assert.equal(posted.text, '1 &lt; 2');
    assert.deepEqual((await project.get({ after_id: 0 })).results, [posted]);
    assert.match(await project.compose('logs', 'migrate'), /applied 001_log/);
  });

promise('a pusher-js client gets posted messages', async (t) => {
  const client = new PusherFollower(project, ['messages']);
  t.after(() => client.close());
  await client.connected();
  await client.holds(1);
  const posted = await project.post('Ada', 'live');
  await client.holds(2);
  assert.equal(client.pushed, 1);
  assert.deepEqual(client.messages()[1], posted);
  assert.deepEqual(client.wrong, []);
});

promise('nginx believes the client address from a proxy on this machine',
  async () => {
    await project.request('/', { headers: { 'X-Forwarded-For': '203.0.113.5' } });
    assert.match(await project.compose('logs', 'nginx'), /203\.0\.113\.5 /);
  });

promise('nginx believes no client address from its own network', async () => {
  await besideNginx('--header', 'X-Forwarded-For: 203.0.113.6',
    'http://nginx:8080/?by-a-neighbour');
  const logs = await project.compose('logs', 'nginx');
  assert.match(logs, /by-a-neighbour/);
  assert.doesNotMatch(logs, /203\.0\.113\.6 /);
});

promise('nginx caches closed ranges, and limits requests',
  async () => {
    const { epoch } = await project.get({ limit: 1 });
    const target = `/messages?after_id=0&until_id=1&epoch=${epoch}`;
    const kept = async () => (await project.request(target))
      .headers.get('X-Cache-Status');
    assert.equal(await kept(), 'MISS');
    assert.equal(await kept(), 'HIT');
    const { Id } = await project.container('nginx');
    assert.match(await docker('exec', Id, 'nginx', '-T', '-c',
      '/srv/pushlog/deploy/compose/nginx.conf'), /^limit_req zone=/m);
  });

promise('only nginx can be reached, and only from this machine', async () => {
  for (const service of [...SERVICES, ...JOBS]) {
    const { HostConfig, NetworkSettings } = await project.container(service);
    if (service !== 'nginx') {
      assert.equal(HostConfig.NetworkMode, 'none', service);
      continue;
    }
    assert.deepEqual(Object.values(NetworkSettings.Ports).filter(Boolean),
      [[{ HostIp: '127.0.0.1', HostPort: `${project.port}` }]]);
  }
});

promise('health and metrics are served in the network of nginx', async () => {
  const ask = (port, what) => besideNginx(`http://nginx:${port}${what}`);
  for (const [i, service] of PROGRAMS.entries()) {
    assert.equal(await ask(9201 + i, '/readyz'), 'ok');
    const program = service.startsWith('relay') ? 'relay' : 'messages';
    assert.match(await ask(9201 + i, '/metrics'),
      new RegExp(`^pushlog_${program}_build_info`, 'm'));
  }
});

promise('an image is little larger than its Debian', async () => {
  const [debian] = await inspect(project.env.DEBIAN_IMAGE);
  for (const service of PROGRAMS) {
    const [image] = await inspect((await project.container(service)).Image);
    const size = image.Size - debian.Size;
    assert.ok(size < PROGRAM_MAX_BYTES, `${service}: ${size} bytes`);
  }
});

promise('no process is root, has a capability, or writes outside of a volume',
  async () => {
    for (const service of [...SERVICES, ...JOBS]) {
      const container = await project.container(service);
      const { Config, HostConfig, Id } = container;
      assert.notEqual(Config.User.split(':')[0], '', service);
      assert.notEqual(Config.User.split(':')[0], '0', service);
      assert.notEqual(Config.User.split(':')[0], 'root', service);
      assert.equal(HostConfig.ReadonlyRootfs, true, service);
      assert.deepEqual(HostConfig.CapDrop, ['ALL'], service);
      assert.equal(HostConfig.CapAdd, null, service);
      assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges:true']);
      assert.equal(HostConfig.Privileged, false, service);
      if (JOBS.includes(service)) continue;
      for (const pid of processes(container)) {
        const found = status(pid);
        assert.ok(!found.Uid.split('\t').includes('0'), `${service} is root`);
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
          assert.match(found[set], /^0+$/, `${service} has ${set}`);
        }
        assert.equal(found.NoNewPrivs, '1', service);
        assert.equal(found.Seccomp, '2', service);
      }
      for (const folder of ['/', '/etc', '/usr/bin', '/run/secrets']) {
        await assert.rejects(docker('exec', Id, 'touch', `${folder}/it`),
          /Read-only|Permission denied|No such file/, `${service} ${folder}`);
      }
    }
  });

promise('secrets are only in the files of the services that need them',
  async () => {
    const secrets = await project.secrets();
    for (const secret of secrets) assert.match(secret, /^[0-9a-f]{48}$/);
    assert.equal(new Set(secrets).size, secrets.length);
    const containers = await Promise.all([...SERVICES, ...JOBS].map(
      (service) => project.container(service)));
    const texts = {
      'docker inspect': JSON.stringify(containers) + JSON.stringify(
        await inspect(...new Set(containers.map(({ Image }) => Image)))),
      processes: commandLines(),
      logs: await project.compose('logs'),
    };
    for (const [where, text] of Object.entries(texts)) {
      for (const secret of secrets) {
        assert.ok(!text.includes(secret), `a secret is in ${where}`);
      }
    }
    for (const service of ['nginx', 'redis', 'postgres']) {
      await assert.rejects(project.file(service, '/run/secrets/app_secret'));
    }
  });

promise('PostgreSQL admits only its owner without a password', async () => {
  const { Id } = await project.container('postgres');
  const login = (user, role) => docker('exec', '--user', user, Id,
    'psql', '-XAtw', '-U', role, '-d', 'pushlog', '-c', 'select 1');
  assert.equal(await login('postgres', 'postgres'), '1');
  assert.equal(await project.compose('exec', '-T', 'postgres',
    'psql', 'pushlog', '-XAtc', 'select 2'), '2'); // as in docs/deploy.md
  for (const user of ['10001', '10002', 'postgres']) {
    await assert.rejects(login(user, 'messages-fcgi'), /password/);
    await assert.rejects(login(user, 'relay'), /password/);
  }
  for (const user of ['10001', '10002']) {
    await assert.rejects(login(user, 'postgres'), /peer|user/i);
  }
});

promise('an operator sees the health and the logs of all services',
  async () => {
    const [, ps, logs, psql] = commands(2).split('\n');
    const output = await project.shell(ps);
    for (const service of PROGRAMS) {
      assert.match(output, new RegExp(`${service}.*\\bhealthy`));
    }
    await project.type(logs, [[/relay-2/, '\x03']]);
    const { code, output: dialogue } = await project.type(psql,
      [[/pushlog=#/, 'select 40 + 2;\n'], [/\b42\b/, '\\q\n']]);
    assert.equal(code, 0, dialogue);
  });

promise('down and up keep the messages and the secrets', async () => {
  const down = commands(2).trimEnd().split('\n').at(-1);
  const before = await project.get();
  const secrets = await project.secrets();
  await project.shell(down);
  await assert.rejects(project.get(), /fetch failed/);
  await project.compose('up', '-d');
  assert.deepEqual(await project.get(), before);
  assert.deepEqual(await project.secrets(), secrets);
  const posted = await project.post('Ada', 'after the break');
  assert.equal(posted.id, before.head + 1);
});

promise('migrating again changes nothing', async () => {
  const before = await project.get();
  const output = await project.compose('run', '--rm', '--no-deps', 'migrate');
  assert.match(output, /nothing to do/);
  assert.deepEqual(await project.get(), before);
});

promise('every killed service is restarted', async () => {
  const before = (await project.get()).results;
  for (const service of SERVICES) {
    const { State, RestartCount } = await project.container(service);
    process.kill(State.Pid, 'SIGKILL');
    await until(`${service} is started again`, async () => {
      const now = await project.container(service);
      return now.RestartCount > RestartCount && now.State.Running;
    }, RESTART_MS);
    await project.healthy(service);
  }
  const posted = await until('a post is stored',
    () => project.post('Ada', 'still here'), RESTART_MS);
  assert.deepEqual((await project.get()).results, [...before, posted]);
});

promise('an upgrade under load fails no post and loses no subscriber', async (t) => {
  const channel = 'room-upgrade';
  const old = await Promise.all(PROGRAMS.map(
    (service) => project.container(service)));
  const { Id: nginx } = await project.container('nginx');
  // a change that nginx must load
  fs.appendFileSync(path.join(project.folder, 'deploy/compose/nginx.conf'),
    '# one line more\n');
  fs.appendFileSync(path.join(project.folder, 'web/dist/index.html'),
    '<!-- upgraded -->\n');
  const page = (await project.request('/')).text;

  const clients = [];
  t.after(() => clients.forEach((client) => client.close()));
  for (let i = 0; i < FOLLOWERS; i += 1) {
    clients.push(new PusherFollower(project, [channel]));
    await clients[i].connected();
  }
  const absences = clients.map(watchAbsences);
  const load = keepPosting(project, channel);
  t.after(() => load.stop());
  const [upgrade] = commands(2).split('\n');
  await project.shell(upgrade);
  await load.stop();

  assert.deepEqual(load.failed, []);
  assert.ok(load.answered.length > 100, 'there was a load');
  const { results } = await project.get({ channel });
  assert.deepEqual(load.answered.sort((a, b) => a.id - b.id), results);
  for (const client of clients) {
    await client.holds(results.length, channel);
    assert.deepEqual(client.messages(), results);
    assert.deepEqual(client.wrong, []);
  }
  t.diagnostic(`${results.length} posts, clients absent for ${
    absences.flat().sort((a, b) => a - b).join(' ')} ms`);
  assert.ok(absences.flat().length >= FOLLOWERS, 'all were moved');
  assert.ok(Math.max(...absences.flat()) < PUSHER_BACK_MS);
  for (const [i, service] of PROGRAMS.entries()) {
    assert.notEqual((await project.container(service)).Id, old[i].Id, service);
  }
  assert.equal((await project.container('nginx')).Id, nginx);
  assert.notEqual((await project.request('/')).text, page);
});

promise('an operator can set the secret of the app', async () => {
  const secret = 'a secret of my own';
  fs.writeFileSync(path.join(project.place.cwd, 'file'), secret);
  await project.shell(commands(3));
  for (const service of ['relay-1', 'messages-fcgi-2']) {
    assert.equal(await project.file(service, '/run/secrets/app_secret'), secret);
  }
});

promise('an operator can have several apps, and one again', async () => {
  const file = path.join(project.place.cwd, 'apps.json');
  const page = async () => (await project.request('/config.json')).json.key;
  const one = await page();
  fs.writeFileSync(file, JSON.stringify({ apps: [
    { id: '7', key: 'chat', secret: 'the secret of the chat' },
    { id: '8', key: 'shop', secret: 'the secret of the shop' },
  ] }));
  await project.shell(commands(4));
  assert.equal(await page(), 'chat');
  for (const [id, status] of [[1, 404], [7, 401], [8, 401]]) {
    assert.equal((await project.request(`/apps/${id}/events`,
      { method: 'POST' })).status, status);
  }
  const wire = new Wire(address(project, '/app/chat?protocol=7'));
  await wire.next('pusher:connection_established');
  await wire.close();
  fs.writeFileSync(file, '');
  await project.shell(commands(4));
  assert.equal(await page(), one);
});

promise('an operator decides who may subscribe to non-public channels', async () => {
  const folder = path.join(project.place.cwd, 'compose/pushlog-auth.d');
  fs.writeFileSync(path.join(folder, 'who.server'),
    'location = /who { return 204; }\n');
  const { code, output } = await project.type(commands(5),
    [[/assword:/, 'of Ada\n'], [/assword:/, 'of Ada\n']]);
  assert.equal(code, 0, output);
  const ask = (headers) => project.request('/pusher/auth', { method: 'POST',
    headers, body: new URLSearchParams({ socket_id: '1.2',
      channel_name: 'private-ada' }) });
  const authorization = (user) => ({
    authorization: `Basic ${Buffer.from(user).toString('base64')}` });
  assert.equal((await ask()).status, 401);
  assert.equal((await ask(authorization('ada:of Eve'))).status, 401);
  const answer = await ask(authorization('ada:of Ada'));
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.json.auth, /^pushlog-dev:[0-9a-f]{64}$/);
  assert.equal((await project.request('/who')).status, 204);
});

promise('a backup is restored', async () => {
  const aliases = commands(6);
  await project.post('Ada', 'kept');
  const { epoch } = await project.get();
  await project.shell(aliases + backup(1));
  const lost = await project.post('Ada', 'lost');
  await project.shell(aliases + backup(2));
  await until('a post is stored', () => project.post('Ada', 'after it'),
    RESTART_MS);
  const { results, epoch: restored } = await project.get();
  const texts = results.map(({ text }) => text);
  assert.deepEqual(texts.slice(-2), ['kept', 'after it']);
  assert.equal((await project.request(
    `/messages?after_id=${lost.id}&epoch=${epoch}`)).status, 409);
  await project.shell(aliases + backup(3));
  await until('the epoch is another',
    async () => (await project.get()).epoch !== restored);
});

promise('the history is kept, or trimmed by configuration', async () => {
  // the last of the tests: the others expect ids from 1 on
  assert.match(await project.compose('logs', 'retention'),
    /off, everything is kept/);
  const output = await project.compose('run', '--rm', '-T',
    '--entrypoint', '/srv/pushlog/deploy/pushlog-retention',
    '-e', 'PUSHLOG_RETENTION_EVENTS=1', 'retention');
  assert.match(output, /removed 0 rows, hid [1-9]\d* for the next run/);
  assert.ok((await project.get({ after_id: 0 })).first_id > 1);
});

promise('every command of the page was run', () => {
  const sections = sectionsOf('tests/deploy/compose.mjs');
  assert.ok(sections.length > 0);
  for (const [page, section] of sections) {
    for (const number of blocks(page, section)) {
      assert.ok(followed.has(`${page} ${section} ${number}`),
        `${page}: "${section}" ${number} was not run`);
    }
  }
});
