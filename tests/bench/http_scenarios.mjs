// SPDX-License-Identifier: MIT
//
// The HTTP scenarios and their goals; see scenarios.mjs.

const POSTS_A_SECOND = Number(process.env.BENCH_POSTS || 2000);
const FLASK = ['uwsgi', 'gunicorn']; // the faster one counts
const runs = (...servers) => servers.map((server) => ({ name: server, server }));

const POSTS = ['requests_per_second', 'request_us', 'app_us', 'nginx_us', 'postgres_us',
  'redis_us', 'p50_ms', 'p99_ms'];
const GETS = ['requests_per_second', 'request_us', 'app_us', 'nginx_us', 'postgres_us',
  'p50_ms', 'p99_ms'];
const ours = (metric, to, limit) => ({ metric, of: 'pushlog', to, ...limit });
const INSERT = `insert into bench.message (channel, name, text)
  values ('pgbench', 'bench', repeat('x', 100)) returning id, time_ms;`;

export const HTTP_SCENARIOS = [
  {
    name: 'post-64',
    title: 'POST, 64 connections',
    load: { LOAD_CONNECTIONS: 64 },
    runs: runs('pushlog', 'minimal', 'bun', ...FLASK),
    metrics: POSTS,
    goals: [
      ours('requests_per_second', FLASK, { atLeast: 14 }),
      ours('request_us', FLASK, { atMost: 0.055 }),
      ours('request_us', 'bun', { atMost: 0.33 }),
      ours('request_us', 'minimal', { atMost: 1.3 }),
    ],
  },
  {
    name: 'post-128',
    title: 'POST, 128 connections',
    load: { LOAD_CONNECTIONS: 128 },
    runs: runs('pushlog', 'minimal', 'bun', ...FLASK),
    metrics: POSTS,
    goals: [
      ours('requests_per_second', FLASK, { atLeast: 14 }),
      ours('requests_per_second', 'bun', { atLeast: 2.5 }),
    ],
  },
  {
    name: 'post-1',
    title: 'POST, one connection',
    load: { LOAD_CONNECTIONS: 1 },
    runs: runs('pushlog', 'direct', 'bun', 'uwsgi'),
    metrics: ['one_ms', 'p99_ms', 'request_us', 'app_us', 'nginx_us',
      'postgres_us'],
    goals: [ours('one_ms', 'direct', { atMost: 1.15 })],
  },
  {
    name: 'post-channels',
    title: 'POST to one channel and to 100, 128 connections',
    load: { LOAD_CONNECTIONS: 128 },
    runs: [{ name: 'one', server: 'pushlog' },
      { name: '100', server: 'pushlog', load: { LOAD_CHANNELS: 100 } }],
    metrics: POSTS,
    goals: [{ metric: 'requests_per_second', of: 'one', to: '100', atLeast: 0.9 }],
  },
  {
    name: 'post-keys',
    title: 'POST with and without an Idempotency-Key, 128 connections',
    load: { LOAD_CONNECTIONS: 128 },
    runs: [{ name: 'none', server: 'pushlog' },
      { name: 'keys', server: 'pushlog', load: { LOAD_KEYS: 1 } }],
    metrics: POSTS,
    goals: [{ metric: 'requests_per_second', of: 'keys', to: 'none', atLeast: 0.9 }],
  },
  {
    name: 'insert',
    title: 'the database alone: pgbench of the same insert',
    load: {},
    runs: [1, 8, 32].map((clients) => ({ name: `${clients} clients`,
      pgbench: { clients, sql: INSERT } })),
    metrics: ['requests_per_second', 'one_ms'],
    goals: [],
  },
  {
    // timed from the moment when a post was due, by the subscribers
    name: 'post-to-screen',
    title: `${POSTS_A_SECOND.toLocaleString('en')} POSTs a second, each delivered to 100 subscribers`,
    screen: true,
    load: { LOAD_SUBSCRIBERS: 100, LOAD_RATE: POSTS_A_SECOND },
    runs: runs('pushlog', 'bun'),
    metrics: ['p50_ms', 'p99_ms', 'late_ms', 'posts_per_second', 'cpu_share',
      'lost'],
    goals: [ours('p50_ms', 'bun', { atMost: 0.5 })],
  },
  {
    name: 'get-newest',
    title: 'GET of the newest 50, 32 connections',
    rows: 1000,
    load: { LOAD_CONNECTIONS: 32 },
    runs: runs('pushlog', 'bare', 'static', 'bun', ...FLASK),
    metrics: GETS,
    goals: [
      ours('requests_per_second', FLASK, { atLeast: 11 }),
      ours('requests_per_second', 'bun', { atLeast: 3.5 }),
      ours('request_us', 'bare', { atMost: 1.3 }),
    ],
  },
  {
    name: 'get-closed',
    title: 'GET of a closed range of 50, from the cache of nginx',
    rows: 1000,
    load: { LOAD_CONNECTIONS: 32 },
    runs: runs('pushlog', 'static').map((run) => ({ ...run, what: 'closed' })),
    metrics: GETS,
    goals: [ours('request_us', 'static', { atMost: 1.3 })],
  },
  {
    name: 'get-all',
    title: 'GET of 100,000 messages, one after the other',
    rows: 100000,
    load: {},
    runs: [{ name: 'pushlog', server: 'pushlog', what: 'all' },
      { name: 'psql', copy: true }],
    metrics: ['one_ms', 'first_byte_ms', 'growth_mb'],
    goals: [
      { metric: 'first_byte_ms', of: 'pushlog', atMost: 50 },
      ours('one_ms', 'psql', { atMost: 1.25 }),
      { metric: 'growth_mb', of: 'pushlog', atMost: 1 },
    ],
  },
  {
    name: 'backfill',
    title: '10,000 clients at once request the newest 50 or a closed range',
    rows: 1000,
    load: { LOAD_CONNECTIONS: 10000, LOAD_REQUESTS: 10000 },
    runs: runs('pushlog', 'static').map((run) => ({ ...run, what: 'mixed' })),
    metrics: ['seconds', 'request_us', 'app_us', 'nginx_us', 'postgres_us'],
    goals: [ours('seconds', 'static', { atMost: 3 }),
      { metric: 'failed', of: 'pushlog', atMost: 0 }],
  },
].map((scenario) => ({ ...scenario, failures: 'failed' }));
