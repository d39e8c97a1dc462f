// SPDX-License-Identifier: MIT
//
// Bundles the page into web/dist, or into the given folder. web/dist is committed,
// so that nothing but this script needs Node.js; a test rebuilds it and compares.
// File names carry a hash of the content, so all but index.html may be cached
// without limit.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import * as esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));

const { outputFiles } = await esbuild.build({
  absWorkingDir: here, // no path of the building machine in the bundle
  entryPoints: [
    { in: 'src/main.jsx', out: 'app' },
    { in: 'src/style.css', out: 'app' },
    { in: 'src/icon.svg', out: 'icon' },
  ],
  entryNames: '[name]-[hash]',
  outdir: out,
  bundle: true,
  minify: true,
  jsx: 'automatic',
  loader: { '.svg': 'copy' },
  format: 'esm',
  target: ['chrome100', 'firefox100', 'safari15.4'],
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'linked', // the libraries' licences require it
  write: false,
  logLevel: 'warning',
});

// index.html names {app.js}; the served file is app-HASH.js
const hashed = new Map(outputFiles.map((file) => {
  const name = path.basename(file.path);
  return [name.replace(/-[A-Z0-9]{8}\./, '.'), name];
}));
const html = fs.readFileSync(path.join(here, 'src/index.html'), 'utf8')
  .replace(/\{([^}]+)\}/g, (all, name) => {
    if (!hashed.has(name)) throw new Error(`index.html: no file is ${name}`);
    return hashed.get(name);
  });

// index.html is written after the new files it names and before the old ones go
fs.mkdirSync(out, { recursive: true });
for (const file of outputFiles) fs.writeFileSync(file.path, file.contents);
fs.writeFileSync(path.join(out, 'index.html'), html);
const current = new Set(['index.html', ...hashed.values()]);
for (const name of fs.readdirSync(out)) {
  if (!current.has(name)) fs.rmSync(path.join(out, name), { recursive: true });
}
