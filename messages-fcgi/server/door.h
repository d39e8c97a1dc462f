/* SPDX-License-Identifier: MIT
 *
 * Where requests come in: the listening socket, and the connections that the
 * web server keeps. One that waits holds no thread; one thread, the keeper,
 * takes the next that has something to say, or the next whose posts are
 * committed, and answers it. Who has to wait for something meanwhile says so
 * by keeper_give_way(), and another goes on.
 */
#ifndef MESSAGES_FCGI_SERVER_DOOR_H
#define MESSAGES_FCGI_SERVER_DOOR_H

#include <stdbool.h>

#include "messages-fcgi/server/exchange.h"

struct door;

/* The socket listens and does not block; it is borrowed. */
struct door *door_new(int listen_fd);
void door_free(struct door *door);

/* Waits for an exchange that can go on: because it was called, or because there
 * is a request for it, which is then taken, all but its body, into its fcgx.
 * NULL when the door was closed. */
struct exchange *door_enter(struct door *door);

/* Whether a thread waits for what comes. */
bool door_is_attended(struct door *door);

/* The exchange has ended. */
void door_leave(struct door *door, struct exchange *exchange);

/* The exchanges of these orders go on. */
void door_call(struct door *door, struct order *first, struct order *last);

/* Nobody comes in any more. Returns when all that was said before is taken; who
 * waits in door_enter is sent home when all have left. */
void door_close(struct door *door);

#endif
