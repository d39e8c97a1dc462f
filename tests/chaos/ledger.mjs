// SPDX-License-Identifier: MIT
//
// The messages that each party saw, by channel and id, and the log to compare
// them with. Contents are compared as bytes: the first observer of an id
// defines it, all later ones must agree, and so must the log in the end.

const QUOTES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const LETTERS = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A column as COPY writes it. */
function unescaped(column) {
  return column.replace(/\\(.)/g, (_, c) => LETTERS[c] ?? c);
}

/** As messages-fcgi stores it: see API.md. */
export function escaped(text) {
  return text.replace(/[&<>"']/g, (c) => QUOTES[c]);
}

class ChannelLog {
  datas = []; // of each id: the message as JSON
  frames = []; // of each id that is not verified yet: the frame's bytes
  times = []; // of the same: when it was stored
  verified = 0; // up to this id it was held against the log
  maxAnswered = 0; // highest id that any poster received

  constructor(name, report) {
    this.name = name;
    this.report = report;
  }

  frameOf(id) {
    return Buffer.from(JSON.stringify({ event: 'new_message',
      channel: this.name, data: this.datas[id], id }));
  }

  /** A party received this message, as JSON, under this id. */
  sawData(id, data, who) {
    const known = this.datas[id];
    if (known === undefined) {
      this.datas[id] = data;
      return;
    }
    this.report.check('I2', known === data, () =>
      `${who} got ${data} as ${this.name} ${id}, others ${known}`);
  }

  /** A party was pushed these bytes. They are copied if they are kept. */
  sawFrame(id, bytes, who) {
    let known = this.frames[id];
    if (known === undefined) {
      if (this.datas[id] === undefined) this.datas[id] = JSON.parse(bytes).data;
      known = this.frameOf(id);
      this.frames[id] = known;
      this.times[id] = JSON.parse(this.datas[id]).time;
    }
    this.report.checked('I8');
    if (!known.equals(bytes)) {
      this.report.violated('I8', `${who} was pushed ${bytes} as ${
        this.name} ${id}, which is ${known}`);
    }
  }

  /** The answer to a GET: the raw text of its results. */
  sawResults(results, text, who) {
    for (const { id, name, text: body, time } of results) {
      this.datas[id] ??= JSON.stringify({ id, name, text: body, time });
    }
    const raw = results.map(({ id }) => this.datas[id]).join(',');
    this.report.checked('I2', results.length);
    if (!text.startsWith(`{"results":[${raw}],`)) {
      this.report.violated('I2', `${who} got other bytes than others in ${
        this.name} ${results[0].id} … ${results.at(-1).id}`);
    }
  }
}

export class Ledger {
  posts = new Map(); // by the word that each text starts with
  stored = 0;

  constructor(names, report) {
    this.report = report;
    this.channels = new Map(names.map((name) =>
      [name, new ChannelLog(name, report)]));
  }

  channel(name) {
    return this.channels.get(name);
  }

  /** {channel: last_id} of the log. */
  async heads(stack) {
    const text = await stack.psql('select name, last_id from pushlog.channel');
    const heads = new Map([...this.channels.keys()].map((name) => [name, 0]));
    for (const line of text.split('\n').filter(Boolean)) {
      const [name, id] = line.split('|');
      heads.set(name, Number(id));
    }
    return heads;
  }

  /** Compares everything seen since the last time with the log. */
  async verify(stack) {
    const heads = await this.heads(stack);
    for (const channel of this.channels.values()) {
      await this.#verifyChannel(stack, channel, heads.get(channel.name));
    }
    await this.#verifyCounts(stack);
    this.#verifyPosts();
    return heads;
  }

  async #verifyChannel(stack, channel, head) {
    const text = await stack.psql(`copy (select e.id, e.time_ms, e.name, e.text
      from pushlog.event e join pushlog.channel c on c.id = e.channel_id
      where c.name = '${channel.name}' and e.id > ${channel.verified}
      order by e.id) to stdout`);
    let next = channel.verified + 1;
    for (const line of text.split('\n').filter(Boolean)) {
      const [digits, time, name, body] = line.split('\t').map(unescaped);
      const id = Number(digits);
      this.report.check('I4', id === next, () =>
        `${channel.name}: ${id} follows ${next - 1}`);
      next = id + 1;
      this.#verifyRow(channel, { id, name, text: body, time: Number(time) });
      channel.frames[id] = undefined;
      channel.times[id] = undefined;
    }
    this.report.check('I4', next === head + 1, () =>
      `${channel.name}: last_id ${head}, last row ${next - 1}`);
    this.report.check('I1', channel.datas.length <= head + 1, () =>
      `${channel.name}: id ${channel.datas.length - 1} was acknowledged, head ${head}`);
    this.stored += next - 1 - channel.verified;
    channel.verified = next - 1;
  }

  #verifyRow(channel, row) {
    const data = JSON.stringify(row);
    const seen = channel.datas[row.id];
    const post = this.posts.get(row.text.slice(0, row.text.indexOf(' ')));
    this.report.check('I2', seen === undefined || seen === data, () =>
      `the log has ${data}, clients received ${seen}`);
    this.report.check('I2', post !== undefined &&
      post.channel === channel && escaped(post.text) === row.text &&
      escaped(post.name) === row.name, () =>
      `nobody posted ${data} to ${channel.name}`);
    if (post === undefined) return;
    post.rows += 1;
    if (post.answeredId !== undefined) {
      this.report.check('I1', post.answeredId === row.id, () =>
        `${post.word} was answered ${post.answeredId}, stored as ${row.id}`);
    }
  }

  async #verifyCounts(stack) {
    const text = await stack.psql(`select c.name, c.first_id, c.last_id,
      count(*), coalesce(min(e.id), 1), coalesce(max(e.id), 0),
      count(distinct e.key)
      from pushlog.channel c join pushlog.event e on e.channel_id = c.id
      group by c.id`);
    for (const line of text.split('\n').filter(Boolean)) {
      const [name, ...digits] = line.split('|');
      const [first, last, count, min, max, keys] = digits.map(Number);
      this.report.check('I4', first === 1 && min === 1 && max === last &&
        count === last, () => `${name}: ${line}`);
      this.report.check('I3', keys === count, () => `${name}: ${line}`);
    }
  }

  #verifyPosts() {
    for (const [word, post] of this.posts) {
      if (!post.isOver) continue;
      if (post.answeredId !== undefined) {
        this.report.check('I1', post.rows > 0, () =>
          `${word} was answered ${post.answeredId} and is not in ${
            post.channel.name}`);
        this.report.check('I3', post.rows <= 1, () =>
          `${word} is in ${post.channel.name} ${post.rows} times`);
      } else {
        this.report.check('I12', post.rows <= 1, () =>
          `${word} had no answer and is in ${post.channel.name} ${
            post.rows} times`);
      }
      // posts without an answer may still be under way
      if (post.answeredId !== undefined) this.posts.delete(word);
    }
  }
}
