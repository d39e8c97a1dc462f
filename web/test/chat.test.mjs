// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { afterEach, test } from 'node:test';

import { Chat, pusherOptions } from '../src/chat.js';

globalThis.crypto ??= webcrypto; // not global in every Node 18

class Emitter {
  #bound = [];

  bind(event, fn) {
    this.#bound.push([event, fn]);
  }

  emit(event, data) {
    for (const [name, fn] of this.#bound) if (name === event) fn(data);
  }
}

// The part of pusher-js that the page uses.
class FakePusher {
  static last;

  constructor(key, options) {
    Object.assign(this, { key, options, connects: 0 });
    this.connection = Object.assign(new Emitter(), { state: 'connecting' });
    this.feed = new Emitter();
    FakePusher.last = this;
  }

  subscribe(channel) {
    this.channel = channel;
    return this.feed;
  }

  become(current) {
    this.connection.emit('state_change', { current });
  }

  disconnect() {
    this.become('disconnected');
  }

  connect() {
    this.connects += 1;
    this.become('connecting');
  }

  subscribed(data = {}) {
    this.become('connected');
    this.feed.emit('pusher:subscription_succeeded', data);
  }

  push(...ids) {
    for (const id of ids) this.feed.emit('new_message', message(id));
  }
}

const message = (id) => ({ id, name: 'Ada', text: `t${id}`, time: id });
const answer = (body, status = 200) =>
  new Response(JSON.stringify(body), { status });

// A server with this many messages; a test may replace routes.
function newServer(head) {
  const server = { head, posts: [], gets: [] };
  server.onGet = (query) => {
    server.gets.push(query);
    const after = Number(query.after_id ?? 0);
    const results = [];
    for (let id = after + 1; id <= server.head; id += 1) {
      results.push(message(id));
    }
    return answer({ results, head: server.head, epoch: 'e', has_more: false });
  };
  server.onPost = (form, key) => {
    server.posts.push({ ...form, key });
    server.head += 1;
    return answer({ ...message(server.head), ...form });
  };
  server.fetch = async (target, { method, body, headers } = {}) => {
    if (target === '/config.json') {
      return answer({ key: 'k', channel: 'messages' });
    }
    if (method === 'POST') {
      return server.onPost(Object.fromEntries(body),
        headers['Idempotency-Key']);
    }
    const { searchParams } = new URL(target, 'http://x');
    return server.onGet(Object.fromEntries(searchParams));
  };
  return server;
}

// Stops the chat's reconnect timer, which would keep the test from ending.
afterEach(() => FakePusher.last?.become('connected'));

async function start(head = 3) {
  const server = newServer(head);
  const held = new Map();
  const chat = new Chat({
    Pusher: FakePusher,
    fetch: server.fetch,
    location: new URL('http://localhost:8080/'),
    storage: {
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, value) => held.set(key, value),
    },
  });
  await chat.start();
  return { chat, server, pusher: FakePusher.last };
}

const shown = (chat) => chat.getSnapshot().messages.map(({ id }) => id);

// Resolves once the chat's state matches; a test that waits in vain times out.
function until(chat, is) {
  return new Promise((resolve) => {
    const look = () => {
      if (!is(chat.getSnapshot())) return;
      end();
      resolve();
    };
    const end = chat.subscribe(look);
    look();
  });
}

const live = (chat) => until(chat, (it) => it.connection === 'live');
const sent = (chat) => until(chat, (it) => it.outbox.length === 0);

test('host, port and TLS come from the address of the page', () => {
  const at = (url) => {
    const { wsHost, wsPort, wssPort, forceTLS } = pusherOptions(new URL(url));
    return [wsHost, wsPort, wssPort, forceTLS];
  };
  assert.deepEqual(at('http://localhost:8080/'),
    ['localhost', 8080, 8080, false]);
  assert.deepEqual(at('http://10.0.0.7/'), ['10.0.0.7', 80, 80, false]);
  assert.deepEqual(at('https://chat.example/'),
    ['chat.example', 443, 443, true]);
  assert.deepEqual(at('https://chat.example:8443/'),
    ['chat.example', 8443, 8443, true]);
  assert.deepEqual(at('http://[::1]:99/'), ['[::1]', 99, 99, false]);
});

test('key and channel come from config.json', async () => {
  const { chat, pusher } = await start();
  assert.deepEqual([pusher.key, pusher.channel], ['k', 'messages']);
  assert.equal(chat.getSnapshot().channel, 'messages');
});

test('connects, shows the history, then pushed messages', async () => {
  const { chat, pusher } = await start(3);
  assert.equal(chat.getSnapshot().connection, 'connecting');
  pusher.subscribed({ base: 3, epoch: 'e' });
  await live(chat);
  pusher.push(4, 5, 5);
  assert.deepEqual(shown(chat), [1, 2, 3, 4, 5]);
});

test('each subscription_succeeded is backfilled', async () => {
  const { chat, server, pusher } = await start(1);
  for (let round = 0; round < 4; round += 1) {
    pusher.subscribed();
    await live(chat);
    pusher.become('connecting');
    assert.equal(chat.getSnapshot().connection, 'offline');
    server.head += 2;
  }
  pusher.subscribed();
  await live(chat);
  assert.deepEqual(shown(chat), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(server.gets.map((it) => it.after_id),
    [undefined, '1', '3', '5', '7']);
});

test('a lost connection ends the backfill, and the next one completes it',
  async () => {
  const { chat, server, pusher } = await start(3);
  const { onGet } = server;
  let failed = 0;
  server.onGet = () => {
    failed += 1;
    return answer({ detail: 'the database is unavailable' }, 503);
  };
  pusher.subscribed();
  await until(chat, (it) => /the database is unavailable/.test(it.problem));
  assert.equal(chat.getSnapshot().connection, 'catching-up');
  pusher.become('connecting');
  server.onGet = onGet;
  pusher.subscribed();
  await live(chat);
  assert.deepEqual(shown(chat), [1, 2, 3]);
  assert.equal(chat.getSnapshot().problem, undefined);
  assert.equal(failed, 1);
});

test('a hole among pushed messages is backfilled', async () => {
  const { chat, server, pusher } = await start(2);
  pusher.subscribed();
  await live(chat);
  server.head = 7;
  pusher.push(7);
  await until(chat, (it) => it.messages.length === 7);
  assert.deepEqual(shown(chat), [1, 2, 3, 4, 5, 6, 7]);
});

test('a post is shown once, though answered and pushed', async () => {
  const { chat, server, pusher } = await start(2);
  pusher.subscribed();
  await live(chat);
  chat.post('Ada', 'hello');
  assert.equal(chat.getSnapshot().outbox.length, 1);
  await sent(chat);
  pusher.push(3);
  const { messages, outbox } = chat.getSnapshot();
  assert.deepEqual([shown(chat), outbox], [[1, 2, 3], []]);
  assert.equal(messages[2].text, 'hello');
  assert.equal(server.posts[0].channel, 'messages');
});

test('a message written before the page is connected is sent then',
  async () => {
    const server = newServer(0);
    const chat = new Chat({
      Pusher: FakePusher,
      fetch: server.fetch,
      location: new URL('http://localhost/'),
      storage: { getItem: () => null, setItem() {} },
    });
    chat.post('Ada', 'early');
    await until(chat, (it) => it.outbox[0].state === 'waiting');
    assert.equal(server.posts.length, 0);
    await chat.start();
    await sent(chat);
    assert.deepEqual(server.posts.map(({ text }) => text), ['early']);
    assert.deepEqual(chat.getSnapshot().outbox, []);
  });

test('older messages are requested below the held ones', async () => {
  const { chat, server, pusher } = await start();
  server.onGet = ({ before_id: before }) => answer(before
    ? { results: [message(9)], head: 11, has_more: false }
    : { results: [message(10), message(11)], head: 11, has_more: true });
  pusher.subscribed();
  await live(chat);
  assert.equal(chat.getSnapshot().hasOlder, true);
  await chat.loadOlder();
  assert.deepEqual(shown(chat), [9, 10, 11]);
  assert.equal(chat.getSnapshot().hasOlder, false);
});

test('a failed request for older messages can be repeated', async () => {
  const { chat, server, pusher } = await start(3);
  pusher.subscribed();
  await live(chat);
  server.onGet = () => answer({ detail: 'away' }, 503);
  await chat.loadOlder();
  assert.equal(chat.getSnapshot().older, 'failed');
});

test('a refused key is reported', async () => {
  const { chat, pusher } = await start();
  pusher.connection.emit('error',
    { error: { data: { code: 4001, message: 'no app has this key' } } });
  pusher.become('disconnected');
  assert.match(chat.getSnapshot().problem, /no app has this key/);
});

test('the page requests a connection itself, with growing delays',
  async (t) => {
  const { pusher } = await start();
  pusher.subscribed();
  const planned = [];
  t.mock.method(globalThis, 'setTimeout', (fn, ms) => {
    return planned.push({ fn, ms });
  });
  pusher.become('connecting');
  for (let at = 0; at < 5; at += 1) planned.at(-1).fn();
  assert.deepEqual(planned.map(({ ms }) => ms),
    [4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(pusher.connects, 5);
});
