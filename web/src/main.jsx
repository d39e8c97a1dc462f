// SPDX-License-Identifier: MIT
//
// Starts the page: passes the browser's parts to the chat.

import Pusher from 'pusher-js';
import { createRoot } from 'react-dom/client';

import { App } from './app.jsx';
import { Chat } from './chat.js';
import { safeStorage } from './storage.js';

const chat = new Chat({
  Pusher,
  fetch: window.fetch.bind(window),
  location: window.location,
  // per tab: two tabs that shared an outbox would both show its entries
  storage: safeStorage(() => window.sessionStorage),
});

window.addEventListener('online', () => chat.hurry());
createRoot(document.getElementById('page')).render(
  <App chat={chat} storage={safeStorage(() => window.localStorage)} />);
chat.start();
