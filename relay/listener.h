/* SPDX-License-Identifier: MIT
 *
 * The listening socket: opening it, and accepting from it.
 */
#ifndef RELAY_LISTENER_H
#define RELAY_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/address.h"
#include "common/attr.h"
#include "relay/loop.h"

/* Takes over fd, which is non-blocking; address is the peer's. */
typedef void listener_accept_fn(void *ctx, int fd,
				const struct sockaddr *address);

struct listener;

/* Opens a listening socket: non-blocking, close-on-exec. A Unix socket that
 * nobody listens on any more is replaced; it is made for owner and group. -1
 * and the reason in errno. */
int listener_open(const struct address *address, int backlog) MUST_CHECK;

/* The same of a listening socket that we were given. */
int listener_adopt(int fd, int backlog) MUST_CHECK;

/* Whether it is a Unix socket. */
bool listener_is_local(int fd);

/* Removes the name of a Unix socket; no-op for TCP. */
void listener_unlink(int fd);

/* Accepts from fd, which stays the caller's, until freed. Several processes
 * may do so from the same fd. */
struct listener *listener_new(struct loop *loop, int fd, listener_accept_fn *fn,
			      void *ctx);
void listener_free(struct listener *listener);

#endif
