// SPDX-License-Identifier: MIT
//
// Turns the results of all rounds into a table and a plot. Pure.

import os from 'node:os';

import { METRICS } from './scenarios.mjs';

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
};

function value(metric, result) {
  const { of = () => result[metric] } = METRICS[metric];
  return of(result);
}

// Of the runs that a goal names, the one with the highest rate in that round.
function fastest(names, all, i) {
  return [names].flat().map((name) => all[name]?.[i]).filter(Boolean)
    .sort((a, b) => b.per_second - a.per_second)[0];
}

// Compares within each round, because the speed of a machine drifts between rounds.
// A failed run is null.
function judge(goal, all) {
  const { metric, of, to, atMost, atLeast } = goal;
  const found = (all[of] ?? []).map((ours, i) => {
    const theirs = to && fastest(to, all, i);
    if (!ours || (to && !theirs)) return undefined;
    return value(metric, ours) / (to ? value(metric, theirs) : 1);
  }).filter((each) => each !== undefined);
  if (found.length === 0) return goal;
  const middle = median(found);
  return { ...goal, value: middle,
    isMet: atMost === undefined ? middle >= atLeast : middle <= atMost };
}

const FAILURES = ['lost', 'failed'];
const failuresOf = ({ failures = 'lost' }) => failures;

// Failures of all rounds are added up, so that a median hides none.
function combine(metric, good) {
  const all = good.map((result) => value(metric, result));
  return FAILURES.includes(metric) ? all.reduce((sum, each) => sum + each, 0)
    : median(all);
}

/** Each scenario with the medians of its runs, {run: {metric: number}}. */
export function summarize(scenarios, results) {
  return scenarios.map((scenario) => {
    const medians = {};
    for (const [run, all] of Object.entries(results[scenario.name])) {
      const good = all.filter(Boolean);
      if (good.length === 0) continue;
      medians[run] = Object.fromEntries([...scenario.metrics,
        failuresOf(scenario)].map((metric) => [metric, combine(metric, good)]));
    }
    return { ...scenario, medians, goals: scenario.goals.map(
      (goal) => judge(goal, results[scenario.name])) };
  });
}

function showAny(metric, number) {
  return Number.isFinite(number) ? show(metric, number) : '';
}

function show(metric, number) {
  return number.toLocaleString('en', {
    minimumFractionDigits: METRICS[metric].digits,
    maximumFractionDigits: METRICS[metric].digits });
}

// --- Markdown ---

const row = (cells) => `| ${cells.join(' | ')} |\n`;

function table(head, rows) {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('');
}

function scenarioTable(scenario, missing) {
  const { title, runs, metrics, medians } = scenario;
  const names = runs.map(({ name }) => name);
  const cell = (metric) => ({ name, server }) => (medians[name]
    ? showAny(metric, medians[name][metric])
    : server in missing ? 'missing' : '');
  return `**${scenario.name}**: ${title}\n\n${table(['', ...names], [...metrics, failuresOf(scenario)].map(
    (metric) => [METRICS[metric].title, ...runs.map(cell(metric))]))}`;
}

function goalRow(name, { metric, of, to, atMost, atLeast, isMet, ...goal }) {
  const what = `${METRICS[metric].title}: ${to ? `${of} / ${[to].flat().join(' or ')}` : of}`;
  const limit = atMost === undefined ? `at least ${atLeast}`
    : `at most ${atMost}`;
  if (goal.value === undefined) return [name, what, limit, 'not measured', ''];
  return [name, what, limit,
    to ? goal.value.toFixed(2) : show(metric, goal.value),
    isMet ? 'yes' : 'no'];
}

/** load: the load average of the machine before the start. */
export function markdown(summary, { started, rounds, seconds, load, missing }) {
  const cpus = os.cpus();
  return `${[
    '<!-- SPDX-License-Identifier: MIT -->',
    `\`make bench\`, ${started.toISOString().slice(0, 16).replace('T', ' ')} UTC, ${
      cpus.length} × ${cpus[0].model}, Linux ${os.release()}; medians of ${
      rounds} rounds of ${seconds} s a run. Load of the machine before: ${
      load.toFixed(1)}.`,
    ...Object.entries(missing).map(([name, why]) =>
      `${name} is missing: ${why}.`),
    table(['scenario', 'what', 'goal', 'measured', 'met'],
      summary.flatMap(({ name, goals }) => goals.map(
        (goal) => goalRow(name, goal)))),
    ...summary.map((scenario) => scenarioTable(scenario, missing)),
  ].join('\n\n').replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

// --- the plot: CPU, one bar per run, one group per scenario ---

const PLOTS = {
  cpu_us: 'Server CPU for each message that reaches a subscriber: less is better',
  request_us: 'CPU of program, nginx, PostgreSQL and Redis for a request: less is better',
};
const plotted = ({ metrics }) =>
  Object.keys(PLOTS).find((metric) => metrics.includes(metric));

const WIDTH = 760;
const LEFT = 100; // of the bars
const RIGHT = 90; // for the number behind the longest bar
const BAR = 16;
const STEP = 22;
const HEAD = 34;
const COLOURS = { relay: '#0b7285', pushlog: '#0b7285' };
const OTHER = '#adb5bd';

const text = (x, y, words, more = '') =>
  `<text x="${x}" y="${y}"${more}>${words.replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')}</text>`;

function group(scenario, top) {
  const { title, runs, medians } = scenario;
  const metric = plotted(scenario);
  const bars = runs.filter(({ name }) => medians[name]?.[metric] > 0)
    .map(({ name }) => [name, medians[name][metric]]);
  const longest = Math.max(...bars.map(([, number]) => number));
  return [
    text(12, top + 20, title, ' font-weight="bold"'),
    ...bars.flatMap(([name, number], i) => {
      const y = top + HEAD + i * STEP;
      const width = (WIDTH - LEFT - RIGHT) * number / longest;
      return [
        text(LEFT - 8, y + 12, name, ' text-anchor="end"'),
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${
          BAR}" fill="${COLOURS[name] ?? OTHER}"/>`,
        text((LEFT + width + 6).toFixed(1), y + 12,
          `${show(metric, number)} µs`),
      ];
    }),
  ];
}

export function svg(summary) {
  const groups = summary.filter((scenario) =>
    plotted(scenario) && Object.keys(scenario.medians).length > 1);
  const parts = [];
  let top = HEAD;
  for (const scenario of groups) {
    parts.push(...group(scenario, top));
    top += HEAD + STEP * Object.keys(scenario.medians).length + 8;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" `
      + 'font-family="sans-serif" font-size="13" fill="#212529">',
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>`,
    text(12, 24, groups[0] ? PLOTS[plotted(groups[0])] : '',
      ' font-size="15"'),
    ...parts, '</svg>', '',
  ].join('\n');
}
