// SPDX-License-Identifier: MIT
//
// Posters: one message after the other, most with an idempotency key, which are
// repeated until they are answered; some without, which never are; and some
// twice at the same time.

import { setTimeout as pause } from 'node:timers/promises';

const PADS = ['hello', 'x'.repeat(40), '<b>bold</b> & "quoted" it\'s',
  'grüße, 世界 🌍', 'y'.repeat(120), 'a line of some more words than that',
  'C:\\new\ttab\nline\r\u0001\u2028/'];
const LONG = 'z'.repeat(2000);
const RETRY_MS = 200;

export class Poster {
  #count = 0;
  isIdle = true;
  isStopped = false;

  constructor(world, number) {
    this.world = world;
    this.report = world.report;
    this.name = `poster ${number} <é>`;
    this.number = number;
    this.rng = world.rng.fork();
    this.over = this.#run();
  }

  async #run() {
    while (!this.isStopped) {
      if (!this.world.isPosting) {
        this.isIdle = true;
        await pause(20);
        continue;
      }
      this.isIdle = false;
      const started = Date.now();
      await this.postOne();
      const rest = this.world.paceMs - (Date.now() - started);
      if (rest > 0) await pause(rest);
    }
    this.isIdle = true;
  }

  #compose() {
    const { rng, world } = this;
    this.#count += 1;
    const word = `p${this.number}.${this.#count}`;
    const pad = rng.next() < 0.02 ? LONG : rng.pick(PADS);
    const chance = rng.next();
    const channel = world.ledger.channel(world.pickChannel(rng));
    return {
      word, channel, name: this.name, text: `${word} ${pad}`,
      key: chance < 0.8 ? `key ${world.seed} ${word}` : undefined,
      isDouble: chance < 0.05,
      floor: channel.maxAnswered, // what was answered before this is sent
      rows: 0, answeredId: undefined, isOver: false, sentAt: Date.now(),
    };
  }

  async postOne() {
    const post = this.#compose();
    this.world.ledger.posts.set(post.word, post);
    if (post.isDouble) {
      await Promise.all([this.#untilAnswered(post), this.#untilAnswered(post)]);
    } else if (post.key) {
      await this.#untilAnswered(post);
    } else {
      await this.#send(post);
    }
    post.isOver = true;
  }

  async #untilAnswered(post) {
    while (!(await this.#send(post)) && !this.isStopped) {
      this.world.retries += 1;
      await pause(RETRY_MS);
    }
  }

  /** True once it needs no repetition. */
  async #send(post) {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = `channel=${post.channel.name}&name=${
      encodeURIComponent(post.name)}&text=${encodeURIComponent(post.text)}`;
    let answer;
    if (post.key) headers['Idempotency-Key'] = post.key;
    headers['Content-Length'] = body.length;
    try {
      answer = await this.world.http.request('POST', '/messages',
        { headers, body });
    } catch {
      return false;
    }
    if (answer.status >= 500) return false;
    this.#answered(post, answer);
    return true;
  }

  #answered(post, { status, text }) {
    const { report } = this;
    if (status !== 200) {
      report.violated(status === 422 ? 'I3' : 'I1',
        `${post.word} was answered ${status} ${text}`);
      return;
    }
    const { id } = JSON.parse(text);
    if (post.answeredId !== undefined) {
      report.check('I3', id === post.answeredId, () =>
        `${post.word} was answered ${post.answeredId} and ${id}`);
    }
    post.answeredId = id;
    report.check('I9', id > post.floor, () => `${post.word} got ${
      post.channel.name} ${id}, and ${post.floor} was answered before`);
    post.channel.sawData(id, text, `poster ${this.number}`);
    post.channel.maxAnswered = Math.max(post.channel.maxAnswered, id);
    this.world.answered += 1;
    this.world.stopwatch.answered(post.sentAt);
  }
}
