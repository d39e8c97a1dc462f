// SPDX-License-Identifier: MIT
//
// The part of the Pusher protocol that peers need: a subscription and its
// confirmation.

/** The room in a client's first message. */
export function roomOf(message) {
  return JSON.parse(message).data.channel;
}

export function succeeded(channel) {
  return JSON.stringify({ event: 'pusher_internal:subscription_succeeded',
    channel, data: '{}' });
}
