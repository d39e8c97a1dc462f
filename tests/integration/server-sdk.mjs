// SPDX-License-Identifier: MIT
//
// An app's server: the official library, unmodified, and requests that the
// test signs itself, to be wrong in exactly one place.

import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';

const Pusher = createRequire(import.meta.url)('pusher');

/** The library as its documentation sets it up for this stack. */
export function openServer(stack, { id, ...options }) {
  return new Pusher({ appId: id, host: '127.0.0.1', port: stack.port,
    useTLS: false, ...options });
}

/** The answer of a rejected call: {status, text}. */
export async function refusal(call) {
  try {
    const response = await call;
    throw new Error(`was answered ${response.status}`);
  } catch (error) {
    if (error.status === undefined) throw error;
    return { status: error.status, text: error.body };
  }
}

export const md5 = (body) => createHash('md5').update(body).digest('hex');

/** The signature of params, an object, as the protocol describes. */
export function sign(secret, method, path, params) {
  const query = Object.keys(params).sort()
    .map((name) => `${name}=${params[name]}`).join('&');
  return createHmac('sha256', secret).update(`${method}\n${path}\n${query}`)
    .digest('hex');
}

/**
 * The target of a signed request. change edits the parameters before they are
 * signed, spoil after it.
 */
export function signedTarget({ id, key, secret }, method, path,
  { body, change = {}, spoil = {} } = {}) {
  const full = `/apps/${id}${path}`;
  const params = { auth_key: key, auth_version: '1.0',
    auth_timestamp: String(Math.floor(Date.now() / 1000)),
    ...(body === undefined ? {} : { body_md5: md5(body) }), ...change };
  for (const name of Object.keys(params)) {
    if (params[name] === undefined) delete params[name];
  }
  const all = { ...params,
    auth_signature: sign(secret, method, full, params), ...spoil };
  return `${full}?${new URLSearchParams(all)}`;
}

/** A signed POST of an object; options as for signedTarget, and headers. */
export function signedPost(stack, app, path, object, options = {}) {
  const body = JSON.stringify(object);
  return stack.request(signedTarget(app, 'POST', path, { body, ...options }), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...options.headers },
    body: options.sent ?? body,
  });
}
