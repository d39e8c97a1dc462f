// SPDX-License-Identifier: MIT
//
// The three requests of the page, and their errors. messages-fcgi's API.md is
// the contract.

// A hanging request is worse than a failing one: nothing would retry it.
const TIMEOUT_MS = 15_000;
const RETRY_AFTER_MOST_S = 60;

/** The held ids are invalid: 409 or 410. */
export class StartOver extends Error {}

/** Any other answer than 200. */
export class Refused extends Error {
  constructor(status, detail, retryAfterMs) {
    super(detail);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

async function ask(fetch, target, options = {}, signal = undefined) {
  const control = new AbortController();
  const abort = () => control.abort();
  const timer = setTimeout(
    () => control.abort(new Error('the server does not answer')), TIMEOUT_MS);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    const response =
      await fetch(target, { ...options, signal: control.signal });
    if (response.ok) return await response.json();
    throw await refusal(response);
  } catch (error) {
    // a browser's message for a missing connection names no cause
    if (error instanceof TypeError) {
      throw new Error('the server is out of reach', { cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

async function refusal(response) {
  const { status } = response;
  // the body is JSON by contract, but a proxy may have refused
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail || `the server answered ${status}`;
  if (status === 409 || status === 410) return new StartOver(detail);
  // a date is allowed as well; it is no number, and is ignored
  const seconds = Number(response.headers.get('Retry-After')) || 0;
  return new Refused(status, detail,
    1000 * Math.min(Math.max(seconds, 0), RETRY_AFTER_MOST_S));
}

export function getConfig(fetch) {
  return ask(fetch, '/config.json');
}

/** query: the parameters of GET /messages; undefined ones are omitted. */
export function getMessages(fetch, query, signal) {
  const given = Object.entries(query).filter(([, it]) => it !== undefined);
  return ask(fetch, `/messages?${new URLSearchParams(given)}`, {}, signal);
}

export function postMessage(fetch, { channel, key, name, text }) {
  return ask(fetch, '/messages', {
    method: 'POST',
    headers: { 'Idempotency-Key': key },
    body: new URLSearchParams({ channel, name, text }),
  });
}
