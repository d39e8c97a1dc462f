/* SPDX-License-Identifier: MIT
 *
 * Where requests come in: the listening socket, and the connections that the
 * web server keeps. One that waits holds no thread; one thread, the keeper,
 * takes the next that has something to say, or the next whose posts are
 * committed, and answers it. Who has to wait for something meanwhile says so
 * by leader_give_way(), and another goes on.
 */
#ifndef MESSAGES_FCGI_SERVER_ACCEPTOR_H
#define MESSAGES_FCGI_SERVER_ACCEPTOR_H

#include <stdbool.h>

#include "messages-fcgi/server/exchange.h"

struct acceptor;

/* The socket listens and does not block; it is borrowed. */
struct acceptor *acceptor_new(int listen_fd);
void acceptor_free(struct acceptor *acceptor);

/* Waits for an exchange that can go on: because it was called, or because there
 * is a request for it, which is then taken, all but its body, into its fcgx.
 * NULL when the door was closed. */
struct exchange *acceptor_enter(struct acceptor *acceptor);

/* Whether a thread waits for what comes. */
bool acceptor_is_attended(struct acceptor *acceptor);

/* The exchange has ended. */
void acceptor_leave(struct acceptor *acceptor, struct exchange *exchange);

/* Resumes the exchanges of these submissions, linked by next. */
void acceptor_call(struct acceptor *acceptor, struct submission *first,
		   struct submission *last);

/* Nobody comes in any more. Returns when all that was said before is taken; who
 * waits in acceptor_enter is sent home when all have left. */
void acceptor_close(struct acceptor *acceptor);

#endif
