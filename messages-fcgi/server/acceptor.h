/* SPDX-License-Identifier: MIT
 *
 * The listening socket and the connections that the web server keeps. A waiting
 * connection holds no thread. The leader takes the next connection that has a
 * request, or the next exchange whose posts are committed, and answers it; see
 * leader.h.
 */
#ifndef MESSAGES_FCGI_SERVER_ACCEPTOR_H
#define MESSAGES_FCGI_SERVER_ACCEPTOR_H

#include <stdbool.h>

#include "messages-fcgi/server/exchange.h"

struct acceptor;

/* The socket listens and does not block; it is borrowed. */
struct acceptor *acceptor_new(int listen_fd);
void acceptor_free(struct acceptor *acceptor);

/* Waits for an exchange that can continue: one given to acceptor_call, or one
 * with a new request, whose fcgx then holds all of it but the body. NULL after
 * acceptor_close. */
struct exchange *acceptor_enter(struct acceptor *acceptor);

/* Whether a thread waits for events. */
bool acceptor_is_attended(struct acceptor *acceptor);

/* The exchange has ended: its connection waits for the next request, or is
 * closed. */
void acceptor_leave(struct acceptor *acceptor, struct exchange *exchange);

/* Resumes the exchanges of these submissions, linked by next. Does not block.
 */
void acceptor_call(struct acceptor *acceptor, struct submission *first,
		   struct submission *last);

/* Accepts no more connections. Returns when requests that arrived before are
 * read. acceptor_enter returns NULL once all of them have ended. */
void acceptor_close(struct acceptor *acceptor);

#endif
