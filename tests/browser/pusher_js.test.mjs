// SPDX-License-Identifier: MIT
//
// pusher-js 8 in Chromium, in non-public channels. Its endpoints are the
// defaults: the stack serves the page.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

import { KEY, Wire } from '../integration/clients.mjs';
import { openServer } from '../integration/server-sdk.mjs';
import { startStack, until } from '../stack.mjs';
import { launch, openPerson } from './browser.mjs';

const CLIENT = createRequire(import.meta.url)
  .resolve('pusher-js/dist/web/pusher-with-encryption.min.js');
const APP = { id: '1', key: KEY, secret: 'the secret of the browser' };
const MASTER_KEY = randomBytes(32).toString('base64');

const stack = await startStack({ env: { PUSHLOG_APP_SECRET: APP.secret,
  PUSHLOG_ENCRYPTION_MASTER_KEY: MASTER_KEY, PUSHLOG_CLIENT_EVENTS: '1' } });
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());
const server = openServer(stack,
  { ...APP, encryptionMasterKeyBase64: MASTER_KEY });

const page = (name) => `
  const params = { name: ${JSON.stringify(name)} };
  const pusher = new Pusher('${KEY}', {
    wsHost: location.hostname,
    wsPort: Number(location.port),
    forceTLS: false,
    cluster: 'pushlog',
    enabledTransports: ['ws', 'wss'],
    channelAuthorization: { endpoint: '/pusher/auth', params },
    userAuthentication: { endpoint: '/pusher/user-auth', params },
  });
  const heard = [];
  function listen(name) {
    pusher.subscribe(name).bind_global((event, data) =>
      heard.push([event, data]));
  }
`;

/** A user of that name, with pusher-js in the page. */
async function openUser(t, name) {
  const person =
    await openPerson(browser, stack.origin, { bypassCSP: true });
  t.after(() => person.leave());
  await person.page.goto('/config.json');
  await person.page.addScriptTag({ path: CLIENT });
  await person.page.addScriptTag({ content: page(name) });
  return person.page;
}

/** Waits until the page has received the event, and returns its data. */
async function hears(user, event) {
  const found = await until(`${event} is heard`, async () =>
    (await user.evaluate('heard')).find(([name]) => name === event));
  return found[1];
}

async function subscribe(user, name) {
  await user.evaluate(`listen('${name}')`);
  await hears(user, 'pusher:subscription_succeeded');
}

function browserTest(name, fn) {
  test(name, stack.logged(fn));
}

browserTest('an encrypted channel is readable with its key, and not for relay',
  async (t) => {
    const channel = 'private-encrypted-a';
    const user = await openUser(t, 'Ada');
    await subscribe(user, channel);
    const wire = await Wire.open(stack);
    t.after(() => wire.close());
    const { auth } = server.authorizeChannel(wire.socketId, channel);
    wire.send({ event: 'pusher:subscribe', data: { channel, auth } });
    await wire.next('pusher_internal:subscription_succeeded');

    await server.trigger(channel, 'greet', { text: 'for your eyes only' });
    assert.deepEqual(await hears(user, 'greet'),
      { text: 'for your eyes only' });
    const { data } = await wire.next('greet');
    assert.deepEqual(Object.keys(JSON.parse(data)).sort(),
      ['ciphertext', 'nonce']);
  });

browserTest('a signed-in user gets the events for the user', async (t) => {
  const [ada, eve] = [await openUser(t, 'Ada'), await openUser(t, 'Eve')];
  for (const user of [ada, eve]) {
    await user.evaluate(`
      pusher.user.bind('note', (data) => heard.push(['note', data]));
      pusher.signin();
    `);
    await until('the user has its channel', () =>
      user.evaluate('pusher.user.serverToUserChannel?.subscribed'));
  }
  await server.sendToUser('Eve', 'note', 'for Eve');
  await server.sendToUser('Ada', 'note', 'for Ada');
  assert.equal(await hears(ada, 'note'), 'for Ada');
  assert.equal(await hears(eve, 'note'), 'for Eve');
});

browserTest('a presence channel shows its members, and carries their events',
  async (t) => {
    const channel = 'presence-team';
    const [ada, eve] = [await openUser(t, 'Ada'), await openUser(t, 'Eve')];
    await subscribe(ada, channel);
    const members = (user) => user.evaluate(
      `Object.keys(pusher.channel('${channel}').members.members).sort()`);
    assert.deepEqual(await members(ada), ['Ada']);
    await subscribe(eve, channel);
    assert.deepEqual(await members(eve), ['Ada', 'Eve']);
    assert.deepEqual(await hears(ada, 'pusher:member_added'),
      { id: 'Eve', info: { name: 'Eve' } });
    assert.deepEqual(await members(ada), ['Ada', 'Eve']);

    await eve.evaluate(
      `pusher.channel('${channel}').trigger('client-typing', { on: true })`);
    assert.deepEqual(await hears(ada, 'client-typing'), { on: true });

    await eve.evaluate(`pusher.unsubscribe('${channel}')`);
    assert.deepEqual(await hears(ada, 'pusher:member_removed'),
      { id: 'Eve', info: { name: 'Eve' } });
    assert.deepEqual(await members(ada), ['Ada']);
  });
