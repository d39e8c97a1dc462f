// SPDX-License-Identifier: MIT
//
// As much of the Pusher protocol as a peer speaks: a subscriber asks for a
// room, and is told that it is in it.

/** The room that a client's first message asks for. */
export function roomOf(message) {
  return JSON.parse(message).data.channel;
}

export function succeeded(channel) {
  return JSON.stringify({ event: 'pusher_internal:subscription_succeeded',
    channel, data: '{}' });
}
