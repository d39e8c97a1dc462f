/* SPDX-License-Identifier: MIT
 *
 * Serves common/ops on a listening socket, without ever waiting: whoever has a
 * loop or a thread watches one descriptor and calls when it is ready. A peer
 * that is slow, or that never ends, costs one of a few places for a few
 * seconds, or until another wants it.
 */
#ifndef COMMON_DAEMON_OPS_SERVER_H
#define COMMON_DAEMON_OPS_SERVER_H

#include <stdbool.h>

#include "common/daemon/ops.h"

/* For the listening socket. Who asks are few, but a crowd that has no business
 * there must not keep them out. */
#define OPS_SERVER_BACKLOG 256

struct ops_server;

/* listen_fd, which is non-blocking, stays the caller's; handler is borrowed.
 * Several processes may serve on the same listening socket. */
struct ops_server *ops_server_new(int listen_fd,
				  const struct ops_handler *handler);
void ops_server_free(struct ops_server *server);

/* Accepts nobody any more; who was accepted is answered. */
void ops_server_leave(struct ops_server *server);

/* Whether nobody waits for an answer. */
bool ops_server_is_idle(const struct ops_server *server);

/* Can be read from when there is something to do. */
int ops_server_fd(const struct ops_server *server);

/* Does what there is to do. */
void ops_server_turn(struct ops_server *server);

#endif
