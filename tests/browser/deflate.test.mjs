// SPDX-License-Identifier: MIT
//
// Chromium offers compression with every WebSocket; this tests both directions.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { address } from '../integration/clients.mjs';
import { startStack, until } from '../stack.mjs';
import { launch, openPerson } from './browser.mjs';

const CHANNEL = 'messages';
const LONG = 'the same again, '.repeat(100);

const stack = await startStack({ env: { PUSHLOG_DEFLATE: '1' } });
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

test('Chromium reads compressed messages, and its own are read', stack.logged(
  async (t) => {
    const person = await openPerson(browser, stack.origin,
      { bypassCSP: true });
    t.after(() => person.leave());
    const { page } = person;
    await page.goto('/config.json');
    await page.evaluate(([url, channel]) => {
      window.texts = [];
      window.socket = new WebSocket(url);
      window.socket.onmessage = ({ data }) => window.texts.push(data);
      window.socket.onopen = () => window.socket.send(JSON.stringify(
        { event: 'pusher:subscribe', data: { channel } }).padEnd(9000));
    }, [address(stack), CHANNEL]);
    const hears = (what) => until(`${what} is heard`, async () =>
      (await page.evaluate('window.texts')).find((text) =>
        text.includes(what)));
    await hears('subscription_succeeded');
    assert.match(await page.evaluate('window.socket.extensions'),
      /^permessage-deflate/);
    await stack.post('Ada', LONG, { channel: CHANNEL });
    const { data } = JSON.parse(await hears('new_message'));
    assert.equal(JSON.parse(data).text, LONG);
  }));
