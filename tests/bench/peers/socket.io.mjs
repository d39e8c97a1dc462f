// SPDX-License-Identifier: MIT
//
// Socket.IO, with the transport that it is fastest with. Its rooms are asked
// for in the address.

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
