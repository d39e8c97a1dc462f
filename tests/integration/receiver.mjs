// SPDX-License-Identifier: MIT
//
// An app's server that receives webhooks. Each path is a webhook of its own,
// with its received events and its way to answer.

import http from 'node:http';

import { until } from '../stack.mjs';

/** Starts a receiver on a free port. */
export async function startReceiver() {
  const receiver = new Receiver();
  await receiver.listen();
  return receiver;
}

class Receiver {
  #hooks = new Map();

  constructor() {
    this.server = http.createServer((request, response) => {
      const hook = this.hook(request.url);
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', async () => {
        const post = { method: request.method, headers: request.headers,
          rawBody: Buffer.concat(chunks).toString() };
        hook.posts.push(post);
        const [status, headers] = await hook.answer(post);
        response.writeHead(status, headers).end('ignored');
      });
    });
  }

  async listen() {
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  url(path) {
    return `http://127.0.0.1:${this.server.address().port}${path}`;
  }

  /** posts: all that arrived, whatever the answer; answer: see answerWith. */
  hook(path) {
    if (!this.#hooks.has(path)) this.#hooks.set(path, new Hook());
    return this.#hooks.get(path);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

class Hook {
  constructor() {
    this.posts = [];
    this.answerWith(200);
  }

  /** Answers every following POST so. */
  answerWith(status, headers = {}) {
    this.answer = () => [status, headers];
  }

  /** Holds the following POSTs; returns a function that releases them. */
  hold() {
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    this.answer = async () => {
      await released;
      return [200, {}];
    };
    return () => {
      this.answerWith(200);
      release();
    };
  }

  /** Every event that arrived, in order of arrival. */
  get events() {
    return this.posts.flatMap(({ rawBody }) => JSON.parse(rawBody).events);
  }

  /** Waits for this many events, and returns all. */
  async heard(count, deadlineMs) {
    await until(`${count} events arrive`, () => this.events.length >= count,
      deadlineMs);
    return this.events;
  }
}
