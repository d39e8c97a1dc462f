/* SPDX-License-Identifier: MIT
 *
 * Serves the endpoints of ops.h on a listening socket. It never blocks: its
 * owner watches one descriptor and calls ops_server_turn when that is readable.
 * There are few places for peers; a slow peer keeps its place for a few
 * seconds, or until another peer needs it.
 */
#ifndef COMMON_DAEMON_OPS_SERVER_H
#define COMMON_DAEMON_OPS_SERVER_H

#include <stdbool.h>

#include "common/daemon/ops.h"

/* For the listening socket. Long enough that a crowd of strangers does not keep
 * the few scrapers out. */
#define OPS_SERVER_BACKLOG 256

struct ops_server;

/* The caller keeps listen_fd, which is non-blocking, and handler, and both must
 * outlive the server. Several processes may serve the same listening socket. */
struct ops_server *ops_server_new(int listen_fd,
				  const struct ops_handler *handler);
void ops_server_free(struct ops_server *server);

/* Accepts no more peers. Those that were accepted are still answered. */
void ops_server_leave(struct ops_server *server);

/* Whether no peer waits for an answer. */
bool ops_server_is_idle(const struct ops_server *server);

/* The descriptor to watch: it is readable when ops_server_turn has work. */
int ops_server_fd(const struct ops_server *server);

/* Handles one event, without blocking. */
void ops_server_turn(struct ops_server *server);

#endif
