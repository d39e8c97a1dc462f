// SPDX-License-Identifier: MIT
//
// Socket.IO, with its fastest transport. The address names the room.

import { createServer } from 'node:http';

import { Server } from 'socket.io';

import { subscribe } from './redis.mjs';

const HOUR_MS = 3_600_000;

const http = createServer();
const io = new Server(http, { transports: ['websocket'],
  perMessageDeflate: false, serveClient: false, pingInterval: HOUR_MS });

io.on('connection', (socket) => socket.join(socket.handshake.query.room));
await subscribe((room, text) => io.to(room).emit('message', text));
http.listen(Number(process.env.PORT), '127.0.0.1');
