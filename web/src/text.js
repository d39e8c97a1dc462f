// SPDX-License-Identifier: MIT
//
// The server escapes names and texts once, before it stores them. The page sets
// text nodes, which need no escaping, so it undoes exactly that: these five
// characters, once. Any other markup was typed by a user.

const CHARACTER = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export function decode(escaped) {
  return escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, (it) => CHARACTER[it]);
}
