// SPDX-License-Identifier: MIT
//
// How many connections an app may have, and what each must do in time.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { address, KEY, QUERY, Wire } from './clients.mjs';
import { startRelay } from './relay.mjs';
import { openServer } from './server-sdk.mjs';

const MAX = 6;
const ENOUGH_S = '3'; // on a busy machine
const FEW = { id: '1', key: KEY, secret: 'the secret of the first' };
const MANY = { id: '2', key: 'many', secret: 'the secret of another' };

const stack = await startStack({ env: {
  PUSHLOG_WORKERS: '2',
  PUSHLOG_APPS: JSON.stringify({ apps: [
    { ...FEW, connections_max: MAX }, MANY] }),
} });
after(() => stack.stop());
const limitTest = (name, fn) => test(name, stack.logged(fn));

const openAll = (count, options) => Promise.all(
  Array.from({ length: count }, () => Wire.open(stack, options)));

/** Asserts that one more connection is refused. */
async function isFull() {
  const wire = new Wire(address(stack, `/app/${FEW.key}?${QUERY}`));
  assert.deepEqual((await wire.next('pusher:error')).data,
    { code: 4004, message: 'Application is over connection quota' });
  assert.equal((await wire.closed()).code, 4004);
}

limitTest("an app's connection limit holds across all workers",
  async () => {
    const wires = await openAll(MAX);
    await isFull();
    await isFull();
    const others = await openAll(2 * MAX, { key: MANY.key });
    await wires.pop().close();
    wires.push(await until('one has left', () => Wire.open(stack)));
    await isFull();
    // a dead worker's connections are no longer counted
    for (const pid of stack.workers()) process.kill(pid, 'SIGKILL');
    await Promise.all([...wires, ...others].map((wire) => wire.closed()));
    const again = [];
    await until('there is room for all again', async () => {
      again.push(await Wire.open(stack));
      return again.length === MAX;
    });
    await isFull();
    await Promise.all(again.map((wire) => wire.close()));
  });

limitTest('a connection that does not authorize in time is closed with 4009',
  async () => {
    const own = await startRelay(stack, { PUSHLOG_APP_SECRET: FEW.secret,
      PUSHLOG_AUTHORIZED_WITHIN_S: ENOUGH_S });
    const server = openServer(stack, FEW);
    const open = () => Wire.open(own.socket);
    const [member, user] = [await open(), await open()];
    await member.subscribe('private-a',
      server.authorizeChannel(member.socketId, 'private-a'));
    member.send({ event: 'pusher:unsubscribe',
      data: { channel: 'private-a' } });
    user.send({ event: 'pusher:signin',
      data: server.authenticateUser(user.socketId, { id: 'Ada' }) });
    await user.next('pusher:signin_success');
    const [nobody, reader] = [await open(), await open()];
    await reader.subscribe('public');
    for (const wire of [nobody, reader]) {
      assert.deepEqual(await wire.closed(), { code: 4009,
        reason: 'Connection not authorized within timeout' });
    }
    // earlier connections stay open
    for (const wire of [member, user]) {
      await wire.silent();
      await wire.close();
    }
  });

limitTest('a connection without subscriptions is closed with 4202',
  async () => {
  const own = await startRelay(stack, { PUSHLOG_IDLE_TIMEOUT_S: ENOUGH_S });
  const open = () => Wire.open(own.socket);
  const [idle, reader, leaver] = await Promise.all([open(), open(), open()]);
  await Promise.all([reader.subscribe('a'), leaver.subscribe('a')]);
  assert.equal((await idle.closed()).code, 4202);
  await leaver.silent();
  leaver.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } });
  assert.equal((await leaver.closed()).code, 4202);
  await reader.silent();
  await reader.close();
});
