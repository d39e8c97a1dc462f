// SPDX-License-Identifier: MIT
//
// Repeatable randomness: TEST_SEED=… takes the seed of an earlier run.

/** {rng, seed}: rng() is in [0, 1). */
export function random() {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);
  let state = seed;
  // mulberry32
  const rng = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { rng, seed };
}

/** An integer from least to most. */
export function between(rng, least, most) {
  return least + Math.floor(rng() * (most - least + 1));
}

// Characters on which parsers and encoders fail, beside plain letters.
const PIECES = ['a', 'b', 'c', ' ', 'é', 'ß', '日本', '😀', '👩‍👩‍👧', '&', '<', '>',
  '"', "'", '\\', '/', '\n', '\t', '\x01', '\x7f', '\u2028', '\u2029', '\ufeff',
  '\u202e', '%', '+', '=', '{', '}', '[', '</script>', '&amp;', '\\u0000'];

/** A text of about this many characters. */
export function randomText(rng, length) {
  let text = '';
  while (text.length < length) {
    text += PIECES[between(rng, 0, PIECES.length - 1)];
  }
  return text;
}
