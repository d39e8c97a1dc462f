// SPDX-License-Identifier: MIT
//
// The queries of an app's server about channels and users, through its library.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { KEY, Wire } from './clients.mjs';
import { openServer, refusal } from './server-sdk.mjs';

const APP = { id: '1', key: KEY, secret: 'the secret of the first' };

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [APP] }),
} });
after(() => stack.stop());

const server = openServer(stack, APP);
const apiTest = (name, fn) => test(name, stack.logged(fn));

async function ask(path, params = {}) {
  const response = await server.get({ path, params });
  return response.json();
}

/** Waits until the answer equals this one. */
async function tells(path, params, expected) {
  let last;
  await until(`${path} answers ${JSON.stringify(expected)}`, async () => {
    last = await ask(path, params);
    try {
      assert.deepEqual(last, expected);
      return true;
    } catch {
      return false;
    }
  }).catch((error) => {
    throw new Error(`${error.message}, but ${JSON.stringify(last)}`);
  });
}

async function refuses(path, params, status, text) {
  const answer = await refusal(server.get({ path, params }));
  assert.equal(answer.status, status);
  assert.match(answer.text, text);
}

async function enter(t, channel, id) {
  const wire = await Wire.open(stack);
  t.after(() => wire.close());
  const signed = channel.startsWith('presence-')
    ? server.authorizeChannel(wire.socketId, channel, { user_id: id }) : {};
  await wire.subscribe(channel, signed);
  return wire;
}

apiTest('a channel is listed while it has subscribers', async (t) => {
  const wires = await Promise.all([enter(t, 'one'), enter(t, 'one'),
    enter(t, 'two'), enter(t, 'presence-a', 'ann'), enter(t, 'presence-a', 'ann'),
    enter(t, 'presence-b', 'bob')]);
  await tells('/channels', { filter_by_prefix: 'o' }, { channels: { one: {} } });
  await tells('/channels', { info: 'subscription_count' }, { channels: {
    one: { subscription_count: 2 }, two: { subscription_count: 1 },
    'presence-a': { subscription_count: 2 },
    'presence-b': { subscription_count: 1 } } });
  await tells('/channels', { filter_by_prefix: 'presence-', info: 'user_count' },
    { channels: { 'presence-a': { user_count: 1 },
      'presence-b': { user_count: 1 } } });
  await Promise.all(wires.map((wire) => wire.close()));
  await tells('/channels', {}, { channels: {} });
});

apiTest('a channel is answered with the requested attributes', async (t) => {
  await enter(t, 'three');
  await enter(t, 'presence-c', 'ann');
  await enter(t, 'presence-c', 'bob');
  await tells('/channels/three', {}, { occupied: true });
  await tells('/channels/three', { info: 'subscription_count' },
    { occupied: true, subscription_count: 1 });
  await tells('/channels/nobody', { info: 'subscription_count' },
    { occupied: false, subscription_count: 0 });
  await tells('/channels/presence-c', { info: 'user_count,subscription_count' },
    { occupied: true, user_count: 2, subscription_count: 2 });
  // characters that a caller has to escape are signed with their escapes
  await tells('/channels/%23server-to-user-ann', {}, { occupied: false });
  await tells('/channels/th%72ee', {}, { occupied: true });
});

apiTest('the users of a presence channel are listed', async (t) => {
  assert.deepEqual(await ask('/channels/presence-d/users'), { users: [] });
  await enter(t, 'presence-d', 'ann "A"');
  await tells('/channels/presence-d/users', {}, { users: [{ id: 'ann "A"' }] });
});

apiTest('attributes that do not apply are refused', async () => {
  for (const [path, params, text] of [
    ['/channels', { info: 'user_count' }, /presence-/],
    ['/channels', { info: 'user_count', filter_by_prefix: 'pre' }, /presence-/],
    ['/channels', { info: 'cache' }, /one channel/],
    ['/channels', { info: 'a"b' }, /info cannot be "a\\"b"/],
    ['/channels/a', { info: 'user_count' }, /presence channels/],
    ['/channels/a', { info: 'cache' }, /cache channels/],
    ['/channels/a/users', {}, /presence channels/]]) {
    await refuses(path, params, 400, text);
  }
});

apiTest('a trigger is answered with the counts of its channels', async (t) => {
  await enter(t, 'four');
  await enter(t, 'presence-e', 'ann');
  await enter(t, 'presence-e', 'ann');
  await tells('/channels/presence-e', { info: 'subscription_count' },
    { occupied: true, subscription_count: 2 });
  await tells('/channels/four', {}, { occupied: true });
  const info = 'user_count,subscription_count';
  const answer = await server.trigger(['four', 'presence-e', 'nobody'], 'e', {},
    { info });
  assert.deepEqual(await answer.json(), { channels: {
    four: { subscription_count: 1 },
    'presence-e': { user_count: 1, subscription_count: 2 },
    nobody: { subscription_count: 0 } } });
  const batch = await server.triggerBatch([
    { channel: 'presence-e', name: 'e', data: '1', info: 'user_count' },
    { channel: 'four', name: 'e', data: '2' },
    { channel: 'four', name: 'e', data: '3', info }]);
  assert.deepEqual(await batch.json(), { batch: [{ user_count: 1 }, {},
    { subscription_count: 1 }] });
});

apiTest('the state of a dead relay is forgotten soon', async (t) => {
  await enter(t, 'five');
  await enter(t, 'presence-f', 'ann');
  await tells('/channels/presence-f', { info: 'user_count' },
    { occupied: true, user_count: 1 });
  await stack.hold('relay', 'SIGKILL');
  t.after(() => stack.release('relay'));
  await tells('/channels', {}, { channels: {} });
  await tells('/channels/presence-f/users', {}, { users: [] });
});

apiTest('without Redis the API answers an error at once', async (t) => {
  await stack.hold('redis');
  t.after(() => stack.release('redis'));
  for (const path of ['/channels', '/channels/a', '/channels/presence-a/users']) {
    await refuses(path, {}, 503, /temporarily unavailable/);
  }
  const answer = await refusal(server.terminateUserConnections('ann'));
  assert.equal(answer.status, 503);
  await stack.release('redis');
  await until('it is listed again', async () => (await ask('/channels')).channels);
});
