/* SPDX-License-Identifier: MIT
 *
 * Accepts connections from a listening socket.
 */
#ifndef RELAY_NET_LISTENER_H
#define RELAY_NET_LISTENER_H

#include <sys/socket.h>

#include "relay/net/loop.h"

/* Takes over fd, which is non-blocking; address is the peer's. */
typedef void listener_accept_fn(void *ctx, int fd,
				const struct sockaddr *address);

struct listener;

/* Accepts from fd until freed. The caller keeps fd and closes it. Several
 * processes may accept from the same fd. */
struct listener *listener_new(struct loop *loop, int fd, listener_accept_fn *fn,
			      void *ctx);
void listener_free(struct listener *listener);

#endif
