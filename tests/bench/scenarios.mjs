// SPDX-License-Identifier: MIT
//
// The scenarios and their goals. A scenario has several runs, each of one server
// with options for the load generator (LOAD_…, see `build/load --help`). A goal
// limits the ratio of two runs or the value of one. http_scenarios.mjs has the
// scenarios of HTTP.

const PEERS = ['bun', 'ws', 'socket.io', 'nchan'];

const runs = (...servers) => servers.map((server) => ({ name: server, server }));
const cpu = (to, atMost) => ({ metric: 'cpu_us', of: 'relay', to, atMost });

/** The values of a run: those of the load generator, and derived ones. */
export const METRICS = {
  cpu_us: { title: 'server CPU per delivery, µs', digits: 2 },
  p50_ms: { title: 'median latency, ms', digits: 1 },
  p99_ms: { title: 'p99 latency, ms', digits: 1 },
  late_ms: { title: 'p99 lateness of the load itself, ms', digits: 1 },
  per_second: { title: 'deliveries per second, thousands', digits: 0,
    of: (result) => result.per_second / 1000 },
  cpu_share: { title: 'server CPU used, of one core', digits: 2 },
  connection_bytes: { title: 'private memory per connection, bytes', digits: 0,
    of: (result) => (result.memory_idle - result.memory_before) /
      result.subscribers },
  loaded_bytes: { title: 'the same, after events were delivered', digits: 0,
    of: (result) => (result.memory_after - result.memory_before) /
      result.subscribers },
  growth: { title: 'growth of private memory after the first second', digits: 3,
    of: (result) => result.memory_after / result.memory_warm },
  connect_s: { title: 'time to connect and subscribe all, s', digits: 2 },
  closed_slow: { title: 'closed with 4100 as slow', digits: 0 },
  memory_mb: { title: 'private memory at the end, MB', digits: 1,
    of: (result) => result.memory_after / 1e6 },
  lost: { title: 'frames lost, repeated or out of order', digits: 0,
    of: (result) => result.lost + result.repeated + result.missing },
  failed: { title: 'requests that failed', digits: 0 },
  posts_per_second: { title: 'posts delivered per second', digits: 0,
    of: (result) => result.per_second / result.subscribers },
  seconds: { title: 'total time, s', digits: 2 },
  requests_per_second: { title: 'requests per second', digits: 0,
    of: (result) => result.per_second },
  request_us: { title: 'server CPU per request, µs', digits: 1,
    of: (result) => result.cpu_us },
  app_us: { title: 'of which the program, µs', digits: 1 },
  nginx_us: { title: 'nginx, µs', digits: 1 },
  postgres_us: { title: 'PostgreSQL, µs', digits: 1 },
  redis_us: { title: 'Redis, µs', digits: 1 },
  one_ms: { title: 'median latency, ms', digits: 3,
    of: (result) => result.p50_ms },
  first_byte_ms: { title: 'time to the first byte, ms', digits: 1 },
  growth_mb: { title: 'growth of private memory, MB', digits: 1,
    of: (result) => (result.memory_after - result.memory_before) / 1e6 },
};

const FAN_OUT = ['cpu_us', 'per_second', 'p99_ms'];
// a late load generator means that the machine did other work
const AT_A_RATE = ['cpu_us', 'p50_ms', 'p99_ms', 'late_ms'];

export const SCENARIOS = [
  {
    name: 'fan-out-1000',
    title: '1,000 subscribers of one channel, 8 messages in flight',
    load: { LOAD_SUBSCRIBERS: 1000 },
    runs: runs('relay', ...PEERS),
    metrics: FAN_OUT,
    goals: [cpu('bun', 0.95), cpu('ws', 0.14)],
  },
  {
    name: 'fan-out-100',
    title: '100 subscribers of one channel, 8 messages in flight',
    load: { LOAD_SUBSCRIBERS: 100 },
    runs: runs('relay', 'bun'),
    metrics: FAN_OUT,
    goals: [cpu('bun', 1.0)],
  },
  {
    name: 'fan-out-10000',
    title: '10,000 subscribers of one channel, 8 messages in flight',
    load: { LOAD_SUBSCRIBERS: 10000 },
    runs: runs('relay', 'bun'),
    metrics: [...FAN_OUT, 'connection_bytes', 'connect_s'],
    goals: [cpu('bun', 0.9),
      { metric: 'connection_bytes', of: 'relay', atMost: 320 },
      { metric: 'connect_s', of: 'relay', to: 'bun', atMost: 1 }],
  },
  {
    name: 'unsaturated',
    title: '50 messages a second to 1,000 subscribers',
    load: { LOAD_SUBSCRIBERS: 1000, LOAD_RATE: 50 },
    runs: runs('relay', ...PEERS),
    metrics: AT_A_RATE,
    goals: [cpu('bun', 0.85),
      { metric: 'p99_ms', of: 'relay', to: 'bun', atMost: 1 }],
  },
  {
    name: 'busy-room',
    title: '1,000 messages a second to 200 subscribers',
    load: { LOAD_SUBSCRIBERS: 200, LOAD_RATE: 1000 },
    runs: runs('relay', ...PEERS),
    metrics: AT_A_RATE,
    goals: [cpu('bun', 0.5), { metric: 'p99_ms', of: 'relay', atMost: 6 }],
  },
  {
    name: 'many-rooms',
    title: '1,000 channels of 10 subscribers, 1,000 messages a second over them',
    load: { LOAD_SUBSCRIBERS: 10000, LOAD_ROOMS: 1000, LOAD_RATE: 1000 },
    runs: runs('relay', 'bun'),
    metrics: AT_A_RATE,
    goals: [cpu('bun', 0.85)],
  },
  {
    name: 'crowd',
    title: 'two workers hold 15,000 subscribers, and as many as 20,000 files allow',
    load: { LOAD_RATE: 10 },
    runs: [15000, 19900].map((count) => ({ name: `${count}`, server: 'relay',
      workers: 2, load: { LOAD_SUBSCRIBERS: count } })),
    metrics: ['connection_bytes', 'loaded_bytes', 'growth', 'connect_s', 'p99_ms'],
    goals: ['15000', '19900'].map((of) => ({ metric: 'growth', of,
      atMost: 1.05 })),
  },
  {
    // 2 MB a second fill the kernel's buffers within 5 s
    name: 'laggards',
    title: 'one of 100 subscribers stops reading: latency of the others',
    load: { LOAD_SUBSCRIBERS: 100, LOAD_RATE: 250, LOAD_TEXT_BYTES: 8192 },
    seconds: 14,
    runs: [{ name: 'all read', server: 'relay' },
      { name: 'one stalls', server: 'relay', load: { LOAD_STALLED: 1 } }],
    metrics: ['p99_ms', 'late_ms', 'memory_mb', 'closed_slow'],
    goals: [
      { metric: 'p99_ms', of: 'one stalls', to: 'all read', atMost: 1.2 },
      { metric: 'closed_slow', of: 'one stalls', atLeast: 1 },
    ],
  },
];
