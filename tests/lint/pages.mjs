// SPDX-License-Identifier: MIT
//
// The rules for pages of documentation. Prints what breaks the named rule,
// a line each, as file:line: text.
//
//   node tests/lint/pages.mjs RULE PAGE…

import fs from 'node:fs';
import path from 'node:path';

const README_MAX_LINES = 200;
const FOLLOWED = 'tests/deploy/followed';
const METRICS_PAGE = 'docs/operate.md';
const CLIENTS_PAGE = 'docs/migrate.md';
const STATS = { 'messages-fcgi/stats.c': 'pushlog_messages_',
  'relay/stats.c': 'pushlog_relay_' };

const [ruleName, ...pages] = process.argv.slice(2);

function say(page, line, text) {
  console.log(`${page}:${line}: ${text}`);
}

/** The lines outside of fenced blocks, as {number, text}. */
function proseLines(page) {
  let isFenced = false;
  return fs.readFileSync(page, 'utf8').split('\n').map((text, i) => {
    if (text.startsWith('```')) isFenced = !isFenced;
    return { number: i + 1, text: isFenced ? '' : text };
  });
}

const withoutCode = (text) => text.replace(/`[^`]*`/g, (code) =>
  ' '.repeat(code.length));

/** The anchors of a page's headings, as GitHub derives them. */
function anchorsOf(page) {
  return new Set(proseLines(page).flatMap(({ text }) => {
    const heading = text.match(/^#+ (.*)/);
    return heading ? [heading[1].toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')] : [];
  }));
}

function longReadme() {
  const lines = fs.readFileSync('README.md', 'utf8').split('\n').length - 1;
  if (lines > README_MAX_LINES) say('README.md', lines, `${lines} lines`);
}

function brokenLinks() {
  for (const page of pages) {
    for (const { number, text } of proseLines(page)) {
      for (const [, to] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(to)) continue;
        const [file, anchor] = to.split('#');
        const target = file ? path.join(path.dirname(page), file) : page;
        if (!fs.existsSync(target)) {
          say(page, number, `${to}: there is no such file`);
        } else if (anchor && !anchorsOf(target).has(anchor)) {
          say(page, number, `${to}: there is no such heading`);
        }
      }
    }
  }
}

/** A source's text with strings that are split over lines put together. */
const joined = (file) => fs.readFileSync(file, 'utf8')
  .replace(/"\s*\n\s*"/g, '').replace(/'\s*\+\s*'/g, '').replace(/\s+/g, ' ');

/** Of `tests/FILE`, and of `tests/FILE`: "name" the test of that name. */
function missingTests() {
  for (const page of pages) {
    const text = proseLines(page).map((line) => line.text).join('\n');
    for (const match of text.matchAll(
      /`(tests\/[\w./-]+)`(?::\s+"([^"]+)")?/g)) {
      const [, file, name] = match;
      const number = text.slice(0, match.index).split('\n').length;
      if (!fs.existsSync(file)) {
        say(page, number, `${file}: there is no such file`);
      } else if (name && !joined(file).includes(name.replace(/\s+/g, ' '))) {
        say(page, number, `${file}: there is no test "${name}"`);
      }
    }
  }
}

/** Each section with blocks of commands, as tests/deploy/pages.sh understands them. */
function sectionsWithCommands(page) {
  const found = new Map();
  let section;
  for (const { number, text } of proseLines(page)) {
    const heading = text.match(/^#+ (.*)/);
    if (heading) [, section] = heading;
    if (/^ {4}/.test(text) && !found.has(section)) found.set(section, number);
  }
  return found;
}

function unfollowed() {
  const rows = fs.readFileSync(FOLLOWED, 'utf8').split('\n')
    .map((text, i) => ({ text, number: i + 1 }))
    .filter(({ text }) => text && !text.startsWith('#'))
    .map(({ text, number }) => {
      const [trial, page, ...words] = text.split(/ +/);
      return { number, trial, page, section: words.join(' ') };
    });
  for (const { number, trial, page, section } of rows) {
    if (!fs.existsSync(trial)) say(FOLLOWED, number, `there is no ${trial}`);
    if (!pages.includes(page) || !sectionsWithCommands(page).has(section)) {
      say(FOLLOWED, number, `${page} has no commands in "${section}"`);
    }
  }
  for (const page of pages.filter((each) => /^(README|docs\/)/.test(each))) {
    for (const [section, number] of sectionsWithCommands(page)) {
      if (!rows.some((row) => row.page === page && row.section === section)) {
        say(page, number, `no trial follows the commands in "${section}"`);
      }
    }
  }
}

/** Each metric's name and help, as the table in a stats.c has them. */
function metricsOf(file) {
  const table = joined(file).split('static const struct metric ').at(-1);
  return [...table.matchAll(/"([a-z_]+)", "([^"]+)"\)/g)].map(([, name, help]) =>
    [name.startsWith('pushlog_') ? name : STATS[file] + name, help]);
}

function differentMetrics() {
  const rows = new Map(proseLines(METRICS_PAGE).flatMap(({ text, number }) => {
    const row = text.match(/^\| `(pushlog_\w+)` \|([^|]*)\| (.*) \|$/);
    return row ? [[row[1], { number, labels: row[2].trim(), text: row[3] }]] : [];
  }));
  for (const file of Object.keys(STATS)) {
    const metrics = metricsOf(file);
    if (metrics.length === 0) say(file, 1, 'no metrics found');
    for (const [name, help] of metrics) {
      const row = rows.get(name);
      if (row?.text !== help) {
        say(METRICS_PAGE, row?.number ?? 1,
          `${file} has: | \`${name}\` |${row?.labels ? ` ${row.labels}` : ''} | ${help} |`);
      }
      rows.delete(name);
    }
  }
  for (const [name, { number }] of rows) {
    say(METRICS_PAGE, number, `there is no ${name}`);
  }
}

/** The tested libraries: a row's versions must be those of package.json. */
function otherVersions() {
  const versions = new Set(fs.readFileSync('tests/package.json', 'utf8')
    .match(/\b\d+\.\d+\.\d+\b/g));
  let rows = 0;
  for (const { number, text } of proseLines(CLIENTS_PAGE)) {
    const [, version] = text.match(/^\|[^|]*\| ([\d., ]+) \| `tests/) ?? [];
    if (!version) continue;
    rows += 1;
    for (const each of version.split(', ')) {
      if (!versions.has(each)) say(CLIENTS_PAGE, number, `${each} is not tested`);
    }
  }
  if (rows === 0) say(CLIENTS_PAGE, 1, 'no tested libraries found');
}

const rules = { otherVersions, longReadme, brokenLinks, missingTests, unfollowed,
  differentMetrics };
rules[ruleName]();
