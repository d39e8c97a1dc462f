// SPDX-License-Identifier: MIT
//
// Subscribes peers to the rooms in Redis. Minimal, so that the peer is measured and
// not a client library.

import net from 'node:net';

const CRLF = Buffer.from('\r\n');

/**
 * Calls onMessage(room, text) for each message; returns {close} after the
 * subscription. The topic of a room is prefix and its name. Redis sends arrays:
 * ['psubscribe', pattern, 1], then ['pmessage', pattern, topic, text].
 */
export function subscribe(onMessage, prefix = 'pushlog:1:') {
  const pattern = `${prefix}*`;
  return new Promise((resolve, reject) => {
    const redis = net.connect(process.env.REDIS_SOCKET);
    let rest = Buffer.alloc(0);
    redis.on('error', reject);
    redis.write(`*2\r\n$10\r\nPSUBSCRIBE\r\n$${pattern.length}\r\n${pattern}\r\n`);
    redis.on('data', (chunk) => {
      let at = 0;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const answer = nextArray(rest, at);
        if (answer === undefined) break;
        at = answer.end;
        const [kind, , topic, text] = answer.items;
        if (kind === 'pmessage') {
          onMessage(topic.slice(prefix.length), text);
        } else {
          resolve({ close: () => redis.destroy() });
        }
      }
      rest = rest.subarray(at);
    });
  });
}

// undefined while it is incomplete
function nextArray(bytes, start) {
  const head = line(bytes, start);
  if (head === undefined) return undefined;
  const items = [];
  let at = head.end;
  for (let left = Number(head.text.slice(1)); left > 0; left -= 1) {
    const item = line(bytes, at);
    if (item === undefined) return undefined;
    at = item.end;
    if (item.text[0] === '$') {
      const end = at + Number(item.text.slice(1));
      if (bytes.length < end + 2) return undefined;
      items.push(bytes.toString('utf8', at, end));
      at = end + 2;
    } else {
      items.push(item.text);
    }
  }
  return { items, end: at };
}

function line(bytes, start) {
  const end = bytes.indexOf(CRLF, start);
  if (end === -1) return undefined;
  return { text: bytes.latin1Slice(start, end), end: end + 2 };
}
