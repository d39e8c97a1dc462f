// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decode } from '../src/text.js';

test('the five characters that the server escapes are decoded', () => {
  assert.equal(decode('&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/a&gt;'),
    '<a href="x">R&D\'s</a>');
});

test('decoding is done once', () => {
  // for a typed &lt; the page must show &lt;
  assert.equal(decode('&amp;lt;'), '&lt;');
  assert.equal(decode('&amp;amp;quot;'), '&amp;quot;');
});

test('nothing else is decoded', () => {
  for (const it of ['&apos;', '&#x27;', '&#60;', '&nbsp;', '&LT;', '&lt', '&',
    '&#39', '']) {
    assert.equal(decode(it), it);
  }
});
