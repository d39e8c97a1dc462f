// SPDX-License-Identifier: MIT
//
// Health and metrics, requested as a health check and a scraper do, and parsed
// by the rules of Prometheus' text format.

import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';

const ASK_MS = 5_000;
const TYPES = ['counter', 'gauge', 'histogram'];

/** The ops address of a program of the stack. */
export function opsSocket(stack, program) {
  return path.join(stack.sockets, `${program}.ops`);
}

/** One request; at: a socket's path, or {host, port}. {status, type, text} */
export function ask(at, target, method = 'GET') {
  const where = typeof at === 'string' ? { socketPath: at } : at;
  return new Promise((resolve, reject) => {
    const request = http.request(
      { ...where, path: target, method, timeout: ASK_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (more) => { text += more; });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode,
          type: response.headers['content-type'], text }));
      });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
    request.end();
  });
}

/** The metrics of a program. */
export async function metrics(at) {
  const { status, type, text } = await ask(at, '/metrics');
  assert.equal(status, 200);
  assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
  return new Metrics(text);
}

/** Strict: throws wherever Prometheus would complain. */
class Metrics {
  constructor(text) {
    this.families = new Map(); // name -> {help, type, samples}
    this.text = text;
    assert.ok(text.endsWith('\n'));
    for (const line of text.slice(0, -1).split('\n')) this.#take(line);
    for (const [name, family] of this.families) check(name, family);
  }

  #take(line) {
    let match = line.match(/^# HELP (\w+) (.+)$/);
    if (match) {
      assert.ok(!this.families.has(match[1]), `${match[1]} comes twice`);
      this.last = { name: match[1], help: match[2], samples: new Map() };
      this.families.set(match[1], this.last);
      return;
    }
    match = line.match(/^# TYPE (\w+) (\w+)$/);
    if (match) {
      assert.equal(match[1], this.last.name);
      assert.ok(TYPES.includes(match[2]) && !this.last.type, line);
      this.last.type = match[2];
      return;
    }
    match = line.match(
      /^([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)+)\})? (-?[0-9.]+)$/);
    assert.ok(match, `not a sample: ${line}`);
    const [, name, labels = '', value] = match;
    const suffix = name.slice(this.last.name.length);
    assert.ok(name.startsWith(this.last.name), line);
    assert.ok(this.last.type === 'histogram'
      ? ['_bucket', '_sum', '_count'].includes(suffix) : suffix === '', line);
    const key = `${suffix}{${labels}}`;
    assert.ok(!this.last.samples.has(key), `${line} comes twice`);
    this.last.samples.set(key, Number(value));
  }

  /** The sum of all series that have these labels; name as in a query. */
  get(name, labels = {}) {
    const suffix = name.match(/_(bucket|sum|count)$/)?.[0] ?? '';
    const family = this.families.get(name)
      ?? this.families.get(name.slice(0, -suffix.length));
    assert.ok(family, `there is no ${name}`);
    const own = this.families.has(name) ? '' : suffix;
    const wanted = Object.entries(labels).map(([k, v]) => `${k}="${v}"`);
    const found = [...family.samples].filter(([key]) =>
      key.startsWith(`${own}{`) && wanted.every((label) => key.includes(label)));
    assert.ok(found.length > 0, `${name}${JSON.stringify(labels)} has no series`);
    return found.reduce((sum, [, value]) => sum + value, 0);
  }

  /** Every name that can stand in an expression. */
  names() {
    return new Set([...this.families].flatMap(([name, { type }]) =>
      (type === 'histogram'
        ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])));
  }
}

function check(name, { help, type, samples }) {
  assert.match(name, /^pushlog_(relay|messages)_[a-z_]+$/);
  assert.ok(type && help && samples.size > 0, `${name} is not complete`);
  assert.equal(name.endsWith('_total'), type === 'counter', name);
  if (type === 'counter') {
    for (const value of samples.values()) assert.ok(value >= 0, name);
  }
  if (type === 'histogram') checkBuckets(name, samples);
}

function checkBuckets(name, samples) {
  const last = new Map(); // labels -> [bound, count]
  for (const [key, value] of samples) {
    const [, labels, le] = key.match(/^_bucket\{(.*?),?le="(.+)"\}$/) ?? [];
    if (le === undefined) continue;
    const bound = le === '+Inf' ? Infinity : Number(le);
    const [before, count] = last.get(labels) ?? [-Infinity, 0];
    assert.ok(bound > before && value >= count, `${name}${key}`);
    last.set(labels, [bound, value]);
  }
  for (const [labels, [bound, value]] of last) {
    assert.equal(bound, Infinity, name);
    assert.equal(samples.get(`_count{${labels}}`), value, name);
    assert.ok(samples.has(`_sum{${labels}}`), name);
  }
}
