// SPDX-License-Identifier: MIT
//
// Formats times and names, in the reader's own language and time zone.

const CLOCK = new Intl.DateTimeFormat(undefined,
  { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined,
  { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const WHOLE = new Intl.DateTimeFormat(undefined,
  { dateStyle: 'full', timeStyle: 'medium' });

const HUES = 8; // as many as style.css has
const TOGETHER_MS = 5 * 60_000;

// An invalid time must not hide its message.
const isDate = (ms) => !Number.isNaN(new Date(ms).getTime());
const format = (as, ms) => (isDate(ms) ? as.format(ms) : '');

export const clock = (ms) => format(CLOCK, ms);
export const day = (ms) => format(DAY, ms);
export const whole = (ms) => format(WHOLE, ms);
export const iso = (ms) =>
  (isDate(ms) ? new Date(ms).toISOString() : undefined);

/** A colour, always the same for a name. */
export function hue(name) {
  let sum = 0;
  for (const it of name) sum = (sum * 31 + it.codePointAt(0)) % 65_521;
  return `hue-${sum % HUES}`;
}

/** The letter in the circle beside a name. */
export function initial(name) {
  const [first = '?'] = name.trim();
  return first.toUpperCase();
}

/** Whether this message continues the previous one, by the same author. */
export function isContinued(before, message) {
  return before !== undefined && before.name === message.name &&
    message.time - before.time < TOGETHER_MS &&
    day(before.time) === day(message.time);
}
