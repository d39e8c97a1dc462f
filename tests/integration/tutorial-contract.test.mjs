// SPDX-License-Identifier: MIT
//
// The contract of the tutorial's own app with its page: the same form, the same
// shapes, the same client library. pusher-js 3.0, the tutorial's version, runs
// only in browsers and is tested there.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { PUSHER_VERSION, Wire } from './clients.mjs';
import { PusherFollower } from './follower.mjs';
import { eventText } from './log.mjs';

const stack = await startStack();
after(() => stack.stop());

test('POST answers 200 and the message with a number as id',
  stack.logged(async () => {
    const before = Date.now();
    const { status, headers, text, json } = await stack.request('/messages', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      // a time sent by the client is ignored
      body: 'name=Ada+Lovelace&text=hello%2C%20world&time=7',
    });
    assert.equal(status, 200);
    assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
    assert.equal(text, '{"id":1,"name":"Ada Lovelace",' +
      `"text":"hello, world","time":${json.time}}`);
    assert.ok(json.time >= before - 1 && json.time <= Date.now() + 1);
  }));

test('multipart forms, as the tutorial sends them, are accepted',
  stack.logged(async () => {
    const body = new FormData();
    body.set('name', 'Ada');
    body.set('text', 'by FormData');
    const { status, json } = await stack.request('/messages',
      { method: 'POST', body });
    assert.equal(status, 200);
    assert.deepEqual(json,
      { id: 2, name: 'Ada', text: 'by FormData', time: json.time });
  }));

test('GET answers {"results":[…]} first, ids above after_id, ascending',
  stack.logged(async () => {
    for (const query of ['', '?after_id=0', '?after_id=-1', '?after_id=1',
      '?after_id=2']) {
      const { status, headers, text, json } =
        await stack.request(`/messages${query}`);
      assert.equal(status, 200);
      assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
      assert.ok(text.startsWith('{"results":['));
      const after = Math.max(0, Number(query.split('=')[1] ?? 0));
      assert.deepEqual(json.results.map(({ id }) => id),
        [1, 2].filter((id) => id > after));
    }
  }));

test('answer, pushed data and GET row are the same bytes',
  stack.logged(async () => {
    const wire = await Wire.open(stack);
    const { base } = await wire.subscribe('messages');
    const text = 'ä "quoted" \\ </script> & \u2028 😀 \x01\n\ttab';
    const answer = await stack.request('/messages',
      { method: 'POST', body: new URLSearchParams({ name: "O'Hara", text }) });
    const pushed = await wire.nextText();
    const got = await stack.request(`/messages?after_id=${base}`);

    assert.equal(pushed, `{"event":"new_message","channel":"messages","data":${
      JSON.stringify(answer.text)},"id":${base + 1}}`);
    assert.equal(pushed, eventText('messages', answer.json));
    assert.ok(got.text.startsWith(`{"results":[${answer.text}],`));
    await wire.close();
  }));

test(`pusher-js ${PUSHER_VERSION} with the tutorial's flow gets every message`,
  stack.logged(async (t) => {
    const { head } = await stack.get({ limit: 1 });
    const client = new PusherFollower(stack, ['messages']);
    t.after(() => client.close());
    await client.holds(head); // history
    for (let i = 0; i < 20; i += 1) await stack.post('Ada', `live ${i}`);
    await client.holds(head + 20); // live
    assert.equal(client.pushed, 20);

    client.pusher.disconnect();
    for (let i = 0; i < 20; i += 1) await stack.post('Ada', `away ${i}`);
    client.pusher.connect();
    await client.holds(head + 40); // what it missed
    assert.equal(client.pushed, 20);
    await stack.post('Ada', 'live again');
    await client.holds(head + 41);

    const { results } = await stack.get();
    assert.deepEqual(client.messages(), results);
    assert.deepEqual(client.wrong, []);
  }));

test('several channels on one connection do not mix',
  stack.logged(async (t) => {
    const channels = ['messages', 'room-a', 'room-b'];
    const client = new PusherFollower(stack, channels);
    t.after(() => client.close());
    await client.connected();
    for (const channel of channels) {
      await stack.post('Ada', `to ${channel}`, { channel });
    }
    for (const channel of channels) {
      const { results } = await stack.get({ channel });
      await client.holds(results.length, channel);
      assert.deepEqual(client.messages(channel), results);
      assert.equal(results.at(-1).text, `to ${channel}`);
    }
    assert.deepEqual(client.wrong, []);
  }));
