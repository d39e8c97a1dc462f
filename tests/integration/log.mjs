// SPDX-License-Identifier: MIT
//
// Direct access to the log behind messages-fcgi: unpublished rows, the stored
// bytes, and messages in Redis, forged or late.

import net from 'node:net';
import path from 'node:path';

export const APP = '1';

const literal = (s) => (s == null ? 'null' : `'${s.replaceAll("'", "''")}'`);
const texts = (all) => `array[${all.map(literal)}]::text[]`;

/**
 * Appends chat messages, [{name, text, exclude}], without publishing; resolves
 * to the rows as rows() does.
 */
export async function append(stack, channel, messages) {
  const of = (fn) => texts(messages.map(fn));
  const lines = await stack.psql(`select id from pushlog.append('${APP}',
    ${of(() => channel)}, ${of(() => 'new_message')},
    ${of(({ name = 'Ada' }) => name)}, ${of(({ text }) => text)}, null,
    array(select decode(md5(random()::text), 'hex')
      from generate_series(1, ${messages.length})),
    ${of(({ exclude }) => exclude)}) order by ord`);
  const ids = lines.split('\n').map(Number);
  return rows(stack, channel, ids[0], ids.at(-1));
}

/** Appends count messages of size bytes each, in batches. */
export async function appendMany(stack, channel, count, size = 20) {
  const batch = 500;
  for (let done = 0; done < count; done += batch) {
    const now = Math.min(batch, count - done);
    const all = (value) => `array_fill(${value}::text, array[${now}])`;
    await stack.psql(`select from pushlog.append('${APP}',
      ${all(literal(channel))}, ${all("'new_message'")}, ${all("'Ada'")},
      ${all(`repeat('x', ${size})`)}, null,
      array(select decode(md5(random()::text), 'hex')
        from generate_series(1, ${now})), null)`);
  }
}

/** The stored messages, byte for byte: [{id, name, text, time}] by id. */
export async function rows(stack, channel, from = 1, to = 2 ** 31) {
  const hex = (column) => `encode(convert_to(${column}, 'UTF8'), 'hex')`;
  const lines = await stack.psql(`
    select e.id, ${hex('e.name')}, ${hex('e.text')}, e.time_ms
    from pushlog.event e join pushlog.channel c on c.id = e.channel_id
    where c.app = '${APP}' and c.name = ${literal(channel)}
      and e.id between ${from} and ${to} order by e.id`);
  const string = (digits) => Buffer.from(digits, 'hex').toString();
  return lines.split('\n').filter(Boolean).map((line) => {
    const [id, name, text, time] = line.split('|');
    return { id: Number(id), name: string(name), text: string(text),
      time: Number(time) };
  });
}

/** Makes firstId the lowest kept id, and deletes the rows below it. */
export async function trim(stack, channel, firstId) {
  await stack.psql(`begin;
    update pushlog.channel set first_id = ${firstId}
      where app = '${APP}' and name = ${literal(channel)};
    delete from pushlog.event e using pushlog.channel c
      where c.id = e.channel_id and c.app = '${APP}'
        and c.name = ${literal(channel)} and e.id < ${firstId};
    commit`);
}

/** The Pusher event of a row, as it stands in a frame. */
export function eventText(channel, row) {
  return JSON.stringify({ event: 'new_message', channel,
    data: JSON.stringify(row), id: row.id });
}

/** The message that messages-fcgi publishes; see common/wire/envelope.h. */
export function envelope(epoch, channel, row, exclude = '-') {
  return `1 ${epoch} ${row.id} ${exclude}\n${eventText(channel, row)}`;
}

/**
 * Publishes any payload, text or bytes; resolves to the number of receivers.
 */
export function publish(stack, channel, payload) {
  const words = ['PUBLISH', `pushlog:${APP}:${channel}`, payload];
  return new Promise((resolve, reject) => {
    const redis = net.connect(path.join(stack.sockets, 'redis.sock'));
    redis.on('error', reject).once('data', (reply) => {
      redis.destroy();
      resolve(Number(reply.toString().match(/^:(\d+)/)[1]));
    });
    redis.write(`*${words.length}\r\n`);
    for (const word of words) {
      redis.write(`$${Buffer.byteLength(word)}\r\n`);
      redis.write(word);
      redis.write('\r\n');
    }
  });
}
