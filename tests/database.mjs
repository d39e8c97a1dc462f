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
const PART_MS = 3_600_000; // a part that old belongs to no run any more

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

/** Makes the template, unless there is one, with stack.mjs. */
export async function makeDatabase({ newStateDir, startStack }) {
  const to = template();
  if (fs.existsSync(to)) return;
  const stateDir = newStateDir();
  fs.mkdirSync(FOLDER, { recursive: true });
  const part = fs.mkdtempSync(path.join(FOLDER, 'part-'));
  const clean = () => [part, stateDir].forEach(remove);
  process.on('exit', clean); // a Ctrl-C ends the process in the middle
  try {
    const stack = await startStack({ stateDir });
    await stack.stop({ keep: true }); // a clean end: nothing is to be recovered
    copy(databaseOf(stateDir), path.join(part, 'database'));
    removeOld([to, part]);
    // another run may have been faster: then theirs is as good
    if (!fs.existsSync(to)) fs.renameSync(path.join(part, 'database'), to);
  } finally {
    clean();
    process.off('exit', clean);
  }
}

function remove(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch { /* another user's, or a server still writes to it */ }
}

// Templates that nothing makes any more, and parts that a killed run has left.
function removeOld(current) {
  const isOld = (name, file) => name.startsWith('database-') ||
    (name.startsWith('part-') &&
      Date.now() - fs.statSync(file).mtimeMs > PART_MS);
  for (const name of fs.readdirSync(FOLDER)) {
    const file = path.join(FOLDER, name);
    if (!current.includes(file) && isOld(name, file)) remove(file);
  }
}
