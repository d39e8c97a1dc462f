// SPDX-License-Identifier: MIT
//
// Debian's Chromium, and the chat page as a user sees it: through labels and
// roles. Only this file knows the page's structure.

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { until } from '../stack.mjs';

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
  '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

// Chromium's messages about failed requests: tests that stop servers expect
// them.
const NETWORK = /^Failed to load resource|WebSocket connection to/;

export function launch() {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/**
 * A user's own browser profile, with one page. Everything that goes wrong in it
 * is collected: exceptions, errors of the console, requests to other hosts.
 */
export async function openPerson(browser, origin, options = {}) {
  const context = await browser.newContext({ baseURL: origin, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() !== 'error' || NETWORK.test(message.text())) return;
    wrong.push(`console: ${message.text()}`);
  });
  context.on('request', (request) => {
    const { host } = new URL(request.url());
    if (host !== new URL(origin).host) wrong.push(`asks ${request.url()}`);
  });
  return new Person(context, page, wrong);
}

class Person {
  constructor(context, page, wrong) {
    Object.assign(this, { context, page, wrong });
  }

  /** Opens the page and enters a name if it asks for one. */
  async join(name) {
    await this.page.goto('/');
    await this.#signIn(name);
  }

  async rename(name) {
    await this.page.getByRole('button', { name: 'Change name' }).click();
    await this.#signIn(name);
  }

  async #signIn(name) {
    await this.page.getByLabel('Your name').fill(name);
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.isLive();
  }

  async reload() {
    await this.page.reload();
    await this.isLive();
  }

  connection() {
    return this.page.getByRole('banner').getByRole('status').innerText();
  }

  isLive(deadlineMs) {
    return until('the page is live',
      async () => await this.connection() === 'Live', deadlineMs);
  }

  /** Types a message and sends it from the keyboard. */
  async say(text) {
    const box = this.page.getByLabel('Message', { exact: true });
    await box.fill(text);
    await box.press('Enter');
  }

  /** The messages shown as stored, from top to bottom. */
  shown() {
    return this.page.getByRole('log').locator('[data-id]').evaluateAll(
      (all) => all.map((one) => ({
        id: Number(one.dataset.id),
        name: one.querySelector('.name').textContent,
        text: one.querySelector('.text').textContent,
      })));
  }

  /** The messages shown as not stored. */
  pending() {
    return this.page.getByRole('log').locator('.entry').allInnerTexts();
  }

  /** Waits until exactly these ids are shown, each once, in this order. */
  async sees(ids, deadlineMs) {
    let seen;
    const asText = ids.join(' ');
    await until(`ids ${span(ids)} are shown`, async () => {
      seen = (await this.shown()).map(({ id }) => id);
      return seen.join(' ') === asText;
    }, deadlineMs).catch((error) => {
      throw new Error(`${error.message}; shown: ${seen?.join(' ')}`);
    });
  }

  /** Closes the profile; asserts that nothing went wrong in it. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.wrong, []);
  }
}

const span = (ids) => (ids.length > 3 ? `${ids[0]}…${ids.at(-1)}` : `${ids}`);

/** The integers from first to last. */
export function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
