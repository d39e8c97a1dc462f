// SPDX-License-Identifier: MIT
//
// The page is served as web/dist holds it, and is not built where it is installed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WEB = fileURLToPath(new URL('..', import.meta.url));

function filesIn(folder) {
  return Object.fromEntries(fs.readdirSync(folder).sort().map((name) =>
    [name, fs.readFileSync(path.join(folder, name))]));
}

test('web/dist is byte for byte what `make page` builds from web/src', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushlog-page.'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [path.join(WEB, 'build.mjs'), folder]);
  const built = filesIn(folder);
  const shipped = filesIn(path.join(WEB, 'dist'));

  assert.deepEqual(Object.keys(shipped), Object.keys(built), 'run make page');
  for (const [name, bytes] of Object.entries(built)) {
    assert.ok(bytes.equals(shipped[name]), `${name} differs: run make page`);
  }
});

test('web/dist holds the licences of the bundled libraries', () => {
  const names = fs.readdirSync(path.join(WEB, 'dist'));
  const legal = names.find((name) => name.endsWith('.LEGAL.txt'));
  const text = fs.readFileSync(path.join(WEB, 'dist', legal), 'utf8');
  for (const library of ['pusher-js', 'react', 'react-dom', 'scheduler']) {
    assert.ok(text.includes(`\n${library}/`), library);
  }
});
