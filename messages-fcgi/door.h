/* SPDX-License-Identifier: MIT
 *
 * Where requests come in: the listening socket, and the connections that the
 * web server keeps. One that waits holds no thread; whoever is free takes the
 * next that has something to say.
 */
#ifndef MESSAGES_FCGI_DOOR_H
#define MESSAGES_FCGI_DOOR_H

#include <stdbool.h>

struct FCGX_Request;

struct door;
struct visitor;

/* The socket listens and does not block; it is borrowed. */
struct door *door_new(int listen_fd);
void door_free(struct door *door);

/* Waits for a request and takes it, all but its body, into *fcgx, which is
 * initialized without a socket. NULL when the door was closed. */
struct visitor *door_enter(struct door *door, struct FCGX_Request *fcgx);

/* The request has ended, by response_end. */
void door_leave(struct door *door, struct visitor *visitor,
		struct FCGX_Request *fcgx);

/* So many wait in door_enter. */
unsigned door_free_threads(struct door *door);

/* Nobody comes in any more. Returns when all that was said before is taken,
 * and sends home who waits in door_enter after that. */
void door_close(struct door *door);

#endif
