// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack, until } from '../stack.mjs';
import { launch, openPerson, range } from './browser.mjs';

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

test('two users chat through the page', stack.logged(async () => {
  const ada = await openPerson(browser, stack.origin);
  const bob = await openPerson(browser, stack.origin);
  await ada.join('Ada');
  await bob.join('Bob');
  await ada.say('Hello, Bob');
  await bob.sees([1]);
  await bob.say('Hello, Ada\nhow are you?');
  await ada.sees([1, 2]);
  const expected = [
    { id: 1, name: 'Ada', text: 'Hello, Bob' },
    { id: 2, name: 'Bob', text: 'Hello, Ada\nhow are you?' },
  ];
  for (const person of [ada, bob]) {
    assert.deepEqual(await person.shown(), expected);
    assert.deepEqual(await person.pending(), []);
  }

  await ada.reload(); // name and history are still there
  assert.deepEqual(await ada.shown(), expected);
  await ada.leave();
  await bob.leave();
}));

test('messages are shown in the order of their ids', stack.logged(async () => {
  const ada = await openPerson(browser, stack.origin);
  await ada.join('Ada');
  // 10 after 9, not after 1, in whatever order the answers arrive
  const ids = await Promise.all(range(1, 30).map(async (at) =>
    (await stack.post('Eve', `message ${at}`)).id));
  await ada.sees(range(1, Math.max(...ids)));
  await ada.leave();
}));

test('a long history loads in pages, the newest first',
  stack.logged(async () => {
    const { head } = await stack.get({ limit: 1 });
    for (const at of range(head + 1, 130)) {
      await stack.post('Eve', `message ${at}`);
    }
    const ada = await openPerson(browser, stack.origin);
    await ada.join('Ada');
    await ada.sees(range(81, 130));
    const older =
      ada.page.getByRole('button', { name: 'Load older messages' });
    await older.click();
    await ada.sees(range(31, 130));
    await older.click();
    await ada.sees(range(1, 130));
    assert.equal(await older.count(), 0);
    await ada.leave();
  }));

test('a message that the server refuses stays with its author',
  stack.logged(async () => {
    const ada = await openPerson(browser, stack.origin);
    await ada.join('Ada');
    const { head } = await stack.get({ limit: 1 });
    const long = 'x'.repeat(100_000);
    await ada.say(long);
    const entry = ada.page.getByRole('log').locator('.entry.refused');
    await entry.waitFor();
    assert.equal(await entry.locator('.text').innerText(), long);
    assert.match(await entry.locator('.delivery').innerText(), /large|long/);
    await entry.getByRole('button', { name: 'Discard' }).click();
    await until('the entry is gone',
      async () => (await ada.pending()).length === 0);
    assert.equal((await stack.get({ limit: 1 })).head, head);
    await ada.leave();
  }));

test('the page works from the keyboard alone', stack.logged(async () => {
  const ada = await openPerson(browser, stack.origin);
  await ada.page.goto('/');
  await ada.page.getByLabel('Your name').waitFor(); // has the focus
  await ada.page.keyboard.type('Ada');
  await ada.page.keyboard.press('Enter');
  await ada.isLive();
  const { head } = await stack.get({ limit: 1 });
  await ada.page.keyboard.type('first');
  await ada.page.keyboard.press('Shift+Enter');
  await ada.page.keyboard.type('second');
  await ada.page.keyboard.press('Enter');
  await until('it is stored', async () =>
    (await stack.get({ after_id: head })).results[0]?.text ===
      'first\nsecond');
  await ada.leave();
}));
