// SPDX-License-Identifier: MIT
//
// One relay serves several apps, each isolated from the others.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { address, closePusher, openPusher, QUERY, Wire } from './clients.mjs';
import { openServer, refusal } from './server-sdk.mjs';

const FIRST = { id: '1', key: 'first', secret: 'the secret of the first' };
// its keys in Redis have the first app's as a prefix
const SECOND = { id: '11', key: 'second', secret: 'the secret of another' };
const CLOSED = { id: '7', key: 'closed', secret: 'the secret of a closed one' };
const EVENTS = 50;

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...FIRST, durable_channels: ['orders-*', 'both-*'] },
    { ...SECOND, durable_channels: ['both-*'] },
    { ...CLOSED, enabled: false },
  ] }),
} });
after(() => stack.stop());

const appsTest = (name, fn) => test(name, stack.logged(fn));
const servers = [FIRST, SECOND].map((app) => openServer(stack, app));

/** A raw connection of each app, subscribed to the channel of that name. */
async function subscribers(t, channel) {
  const wires = await Promise.all([FIRST, SECOND].map(({ key }) =>
    Wire.open(stack, { key })));
  t.after(() => wires.forEach((wire) => wire.close()));
  const answers = await Promise.all(wires.map((wire) =>
    wire.subscribe(channel)));
  return { wires, answers };
}

appsTest('each app has channels of its own', async (t) => {
  const clients = [FIRST, SECOND].map(({ key }) => openPusher(stack, { key }));
  t.after(() => clients.forEach(closePusher));
  const heard = [[], []];
  let ready = 0;
  clients.forEach((client, i) => client.subscribe('plain')
    .bind('pusher:subscription_succeeded', () => { ready += 1; })
    .bind('e', (data) => heard[i].push(data)));
  await until('both are subscribed', () => ready === 2);
  await Promise.all(servers.map((server, i) =>
    server.trigger('plain', 'e', { of: i })));
  await until('both hear theirs', () => heard.flat().length === 2);
  assert.deepEqual(heard, [[{ of: 0 }], [{ of: 1 }]]);
});

appsTest('an app chooses which channels have a history', async (t) => {
  const { answers: [first, second] } = await subscribers(t, 'orders-1');
  assert.equal(first.base, 0);
  assert.deepEqual(second, {});
});

appsTest('each app has its own ids, with and without Redis', async (t) => {
  const channel = 'both-1';
  const { wires, answers } = await subscribers(t, channel);
  assert.deepEqual(answers.map(({ base }) => base), [0, 0]);
  const post = (from, to) => Promise.all(servers.map(async (server, i) => {
    for (let n = from; n <= to; n += 1) {
      await server.trigger(channel, 'e', { app: i, n });
    }
  }));
  await post(1, EVENTS);
  await stack.hold('redis');
  await post(EVENTS + 1, 2 * EVENTS);
  await stack.release('redis');
  await Promise.all(wires.map(async (wire, i) => {
    for (let n = 1; n <= 2 * EVENTS; n += 1) {
      const event = await wire.next('e');
      assert.deepEqual([event.id, JSON.parse(event.data)],
        [n, { app: i, n }]);
    }
    await wire.silent();
  }));
});

appsTest('a connection with an unknown key is closed with 4001', async () => {
  for (const key of ['third', 'firs', 'first1', 'FIRST', '1']) {
    const wire = new Wire(address(stack, `/app/${key}?${QUERY}`));
    assert.equal((await wire.next('pusher:error')).data.code, 4001);
    assert.equal((await wire.closed()).code, 4001);
  }
});

appsTest('a disabled app refuses connections', async () => {
  const wire = new Wire(address(stack, `/app/${CLOSED.key}?${QUERY}`));
  assert.deepEqual((await wire.next('pusher:error')).data,
    { code: 4003, message: 'Application disabled' });
  assert.equal((await wire.closed()).code, 4003);
  const { status, text } = await refusal(
    openServer(stack, CLOSED).trigger('plain', 'e', 1));
  assert.equal(status, 403);
  assert.equal(text, 'This app is disabled\n');
});
