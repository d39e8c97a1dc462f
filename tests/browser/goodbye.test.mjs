// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startStack, until } from '../stack.mjs';
import { launch, openPerson } from './browser.mjs';

const SOCKETS = 40;
const LATENCY_MS = 100; // less than a stopping relay waits for answers

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

// Old pusher-js gives WebSockets up after two unclean closes, and then cannot
// connect at all. Clean means: Close frame, the browser's answer to it, and
// only then the end of the connection, also through nginx.
test("a stopping relay closes every browser's connection cleanly",
  stack.logged(async () => {
    const person = await openPerson(browser, stack.origin);
    await person.page.goto('/config.json');
    await person.page.evaluate(async (count) => {
      const { key } = await (await fetch('/config.json')).json();
      window.closes = [];
      const opened = Array.from({ length: count }, () =>
        new Promise((resolve) => {
          const socket =
            new WebSocket(`ws://${location.host}/app/${key}?protocol=7`);
          socket.onmessage = resolve; // connection_established
          socket.onclose = ({ code, wasClean }) =>
            window.closes.push(`${code} ${wasClean ? 'clean' : 'unclean'}`);
        }));
      await Promise.all(opened);
    }, SOCKETS);
    await stack.hold('relay');
    const closes = await until('all sockets are closed', async () => {
      const all = await person.page.evaluate('closes');
      return all.length === SOCKETS && all;
    });
    assert.deepEqual(new Set(closes), new Set(['4200 clean']));
    await stack.release('relay');
    await person.leave();
  }));

// The same for a distant client. If the server ended the connection first, the
// client's answer would meet a closed port, and the reset would make the close
// an unclean one.
test('the connection ends after the answer to the Close frame, not before',
  stack.logged(async () => {
    const { key } = (await stack.request('/config.json')).json;
    const [, socket, head] = await once(http.get(
      new URL(`/app/${key}?protocol=7`, stack.origin), {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
        },
      }), 'upgrade');
    let received = head;
    let isEnded = false;
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
    });
    socket.on('end', () => { isEnded = true; });
    await until('connection_established', () =>
      received.includes('connection_established'));
    received = Buffer.alloc(0);
    const held = stack.hold('relay');
    await until('the Close frame', () => received[0] === 0x88);
    assert.equal(received.readUInt16BE(2), 4200);
    await pause(LATENCY_MS);
    assert.equal(isEnded, false, 'the server did not wait for the answer');
    socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x10, 0x68])); // masked
    await until('the end', () => isEnded);
    await held;
    await stack.release('relay');
  }));
