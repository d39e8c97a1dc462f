// SPDX-License-Identifier: MIT
//
// Bun's WebSockets and publish, with uWebSockets underneath.

import { roomOf, succeeded } from './pusher.mjs';
import { subscribe } from './redis.mjs';

const server = globalThis.Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  fetch(request, self) {
    return self.upgrade(request) ? undefined : new Response('', { status: 426 });
  },
  websocket: {
    idleTimeout: 0,
    message(socket, message) {
      const room = roomOf(message);
      socket.subscribe(room);
      socket.send(succeeded(room));
    },
  },
});

await subscribe((room, text) => server.publish(room, text));
