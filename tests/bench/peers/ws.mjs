// SPDX-License-Identifier: MIT
//
// The `ws` package: a set of sockets for each room, and one send to each socket.

import { WebSocketServer } from 'ws';

import { roomOf, succeeded } from './pusher.mjs';
import { subscribe } from './redis.mjs';

const rooms = new Map();

function join(socket, name) {
  if (!rooms.has(name)) rooms.set(name, new Set());
  const room = rooms.get(name).add(socket);
  socket.on('close', () => room.delete(socket));
}

await subscribe((room, text) => {
  const bytes = Buffer.from(text); // encoded once for all
  for (const socket of rooms.get(room) ?? []) {
    socket.send(bytes, { binary: false });
  }
});

const server = new WebSocketServer({ host: '127.0.0.1',
  port: Number(process.env.PORT), perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('error', () => {}); // the load closes with resets
  socket.on('message', (message) => {
    const room = roomOf(message);
    join(socket, room);
    socket.send(succeeded(room));
  });
});
