// SPDX-License-Identifier: MIT
//
// An empty database with the schema in it, made once and copied for every
// stack: that is cheaper than initdb and the migrations. It knows no server; a
// stack that finds no copy makes its database itself, as `make run` does.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = path.join(TOP, 'build/test');
// The files that make the database, the versions of PostgreSQL, and the user,
// who owns the files.
const SCRIPTS = ['deploy/dev/run', 'deploy/dev/supervisor.sh', 'deploy/migrate'];
const MIGRATIONS = path.join(TOP, 'sql');
const SERVERS = '/usr/lib/postgresql';

/** The path of the template; it changes with everything that makes it. */
function template() {
  const hash = createHash('sha256').update(`${process.getuid()}\n`);
  const files = [...SCRIPTS.map((name) => path.join(TOP, name)),
    ...fs.readdirSync(MIGRATIONS, { recursive: true }).sort()
      .map((name) => path.join(MIGRATIONS, name))];
  for (const file of files.filter((name) => fs.statSync(name).isFile())) {
    hash.update(`${file}\n`).update(fs.readFileSync(file));
  }
  if (fs.existsSync(SERVERS)) {
    hash.update(fs.readdirSync(SERVERS).sort().join());
  }
  return path.join(FOLDER, `database-${hash.digest('hex').slice(0, 16)}`);
}

const copy = (from, to) => execFileSync('cp', ['-a', from, to]);
const databaseOf = (stateDir) => path.join(stateDir, 'data/postgres');

/** Gives a state folder without a database a copy of the template, if any. */
export function copyDatabase(stateDir) {
  const from = template();
  if (fs.existsSync(databaseOf(stateDir)) || !fs.existsSync(from)) return;
  fs.mkdirSync(path.dirname(databaseOf(stateDir)), { recursive: true });
  copy(from, databaseOf(stateDir));
}

/** Makes the template, unless there is one; start() starts a new stack. */
export async function makeDatabase(start) {
  const to = template();
  if (fs.existsSync(to)) return;
  const stack = await start();
  await stack.stop({ keep: true }); // a clean end: nothing is to be recovered
  fs.mkdirSync(FOLDER, { recursive: true });
  const part = fs.mkdtempSync(path.join(FOLDER, 'part-'));
  try {
    copy(databaseOf(stack.stateDir), path.join(part, 'database'));
    removeOld(to);
    // another run may have been faster: then theirs is as good
    if (!fs.existsSync(to)) fs.renameSync(path.join(part, 'database'), to);
  } finally {
    for (const folder of [part, stack.stateDir]) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

function removeOld(current) {
  for (const name of fs.readdirSync(FOLDER)) {
    const file = path.join(FOLDER, name);
    if (name.startsWith('database-') && file !== current) {
      try {
        fs.rmSync(file, { recursive: true });
      } catch { /* another user's */ }
    }
  }
}
