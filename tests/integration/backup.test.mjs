// SPDX-License-Identifier: MIT
//
// Runs the commands under Backup in docs/operate.md and checks what they promise.
// Ids of a lost timeline are assigned again, and no client mixes the two.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { lockRow } from '../chaos/postgres.mjs';
import { startStack, until } from '../stack.mjs';
import { Wire } from './clients.mjs';
import { PusherFollower, WireFollower } from './follower.mjs';
import { rows } from './log.mjs';

const CHANNEL = 'messages';
// pusher-js waits 15 s after an attempt that was not answered in time
const WHOLE_MS = 45_000;
const run = promisify(execFile);

const stack = await startStack();
after(() => stack.stop());
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-backup-'));
after(() => fs.rmSync(folder, { recursive: true }));

/** The blocks of commands under a heading of docs/operate.md. */
function chapter(title) {
  const page = fs.readFileSync(
    new URL('../../docs/operate.md', import.meta.url), 'utf8');
  const text = page.split(`\n## ${title}\n`)[1].split('\n## ')[0];
  return text.split(/\n(?! {4})/).join('\n\0').split('\0')
    .map((part) => part.match(/^(?: {4}.*\n?)+/m)?.[0])
    .filter(Boolean)
    .map((block) => block.replace(/^ {4}/gm, ''));
}

/** Runs a block as an administrator of the stack's PostgreSQL. */
async function type(block) {
  const { stdout } = await run('bash', ['-euc', block], { cwd: folder, env: {
    PATH: process.env.PATH, PGHOST: stack.sockets, PGUSER: 'postgres',
  } });
  return stdout;
}

async function post(from, to, text) {
  for (let i = from; i <= to; i += 1) {
    const row = await until(`post ${i} is stored`,
      () => stack.post('Ada', `${text} ${i}`, { key: `${text} ${i}` }));
    assert.equal(row.id, i);
  }
}

async function clients(t) {
  const all = [new PusherFollower(stack, [CHANNEL]),
    new WireFollower(stack, [CHANNEL]), new WireFollower(stack, [CHANNEL])];
  for (const client of all) client.mayStartOver = true;
  t.after(() => all.forEach((client) => client.close()));
  await Promise.all(all.map((client) => client.connected()));
  return all;
}

/** Every client holds exactly the log's messages, from one epoch only. */
async function assertWhole(all, count) {
  const log = await rows(stack, CHANNEL);
  assert.equal(log.length, count);
  for (const client of all) {
    await until('the client is whole', () => {
      assert.deepEqual(client.messages(), log);
      return true;
    }, WHOLE_MS);
    assert.deepEqual(client.wrong, []);
  }
}

test('a restored dump makes every client start over, without a restart',
  stack.logged(async (t) => {
    const [dump, restore] = chapter('Backup');
    const all = await clients(t);
    await post(1, 30, 'kept');
    await type(dump);
    await post(31, 50, 'lost');
    await assertWhole(all, 50);
    const wire = await Wire.open(stack);
    t.after(() => wire.close());
    const { epoch: old } = await wire.subscribe(CHANNEL);
    const away = all[0]; // with a cursor of the old life
    away.pusher.disconnect();

    await type(restore);
    assert.deepEqual(await wire.closed(),
      { code: 4200, reason: 'Epoch changed: start over' });
    await post(31, 60, 'new');
    const { epoch } = await stack.get();
    assert.notEqual(epoch, old);

    // the connected clients and the returning one
    away.pusher.connect();
    await assertWhole(all, 60);
    for (const client of all) {
      assert.ok(client.startsOver.length > 0, 'it starts over');
    }
    for (const { ends } of all.slice(1)) {
      assert.ok(ends.some(({ code }) => code === 4200));
    }
    // the log has an id equal to the old cursor, but GET refuses the old epoch
    const { status, json } = await stack.request(
      `/messages?after_id=50&epoch=${old}`);
    assert.deepEqual([status, json.epoch, json.head], [409, epoch, 60]);

    // a key from before the dump is known, a later one is not
    assert.equal((await stack.post('Ada', 'kept 7', { key: 'kept 7' })).id, 7);
    const again = await stack.post('Ada', 'lost 40', { key: 'lost 40' });
    assert.equal(again.id, 61);
    await assertWhole(all, 61);
  }));

test('after a snapshot of the data, new_epoch makes every client start over',
  stack.logged(async (t) => {
    const newEpoch = chapter('Backup').at(-1);
    const data = path.join(stack.stateDir, 'data/postgres');
    const copy = path.join(folder, 'snapshot');
    const all = await clients(t);
    const { head, epoch: old } = await stack.get();
    await stack.hold('postgres');
    await run('cp', ['-a', data, copy]);
    await stack.release('postgres');
    await post(head + 1, head + 20, 'lost again');
    await assertWhole(all, head + 20);

    await stack.hold('messages-fcgi');
    await stack.hold('postgres');
    await run('rm', ['-r', data]);
    await run('cp', ['-a', copy, data]);
    await stack.release('postgres');
    // the snapshot looks like a crash
    assert.equal(await stack.psql('select pushlog.epoch()'), old);
    const epoch = (await type(newEpoch)).match(/[0-9a-f]{16}/)[0];
    assert.notEqual(epoch, old);
    await stack.release('messages-fcgi');
    await post(head + 1, head + 30, 'newer');
    assert.equal((await stack.get()).epoch, epoch);
    await assertWhole(all, head + 30);
    for (const client of all) assert.ok(client.startsOver.length > 0);
  }));

test('a migration neither waits for a dump nor blocks posts behind it',
  stack.logged(async (t) => {
    const top = fileURLToPath(new URL('../..', import.meta.url));
    const sql = path.join(folder, 'sql');
    const migrate = `PUSHLOG_ADMIN_DATABASE=dbname=pushlog \\
      '${top}deploy/migrate' sql`;
    fs.cpSync(path.join(top, 'sql'), sql, { recursive: true });
    fs.writeFileSync(path.join(sql, '999_new.sql'),
      'alter table pushlog.channel add column new int;');
    await stack.post('Ada', 'hello', { channel: 'room-held' });
    // a dump holds a weaker lock of the table, which conflicts as well
    const dump = await lockRow(stack, 'room-held');
    t.after(() => dump.close());

    await assert.rejects(type(migrate), /lock timeout/);
    assert.equal((await stack.post('Ada', 'meanwhile')).text, 'meanwhile');
    dump.close();
    await until('it is migrated', () => type(migrate));
  }));
