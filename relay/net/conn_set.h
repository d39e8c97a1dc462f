/* SPDX-License-Identifier: MIT
 *
 * The connections of a worker: sends and frees at the end of a turn, and
 * applies the timeouts.
 */
#ifndef RELAY_NET_CONN_SET_H
#define RELAY_NET_CONN_SET_H

#include "relay/net/conn.h"

struct conn_set;

struct conn_set *conn_set_new(struct loop *loop, const struct conn_conf *conf,
			      const struct conn_ops *ops);

/* All conns must be gone. */
void conn_set_free(struct conn_set *set);

/* Takes over fd, non-blocking and just accepted; address may be NULL. conn is
 * embedded in its owner; ops->free hands it back. */
void conn_set_add(struct conn_set *set, struct conn *conn, int fd,
		  const struct sockaddr *address);

/* How many conns there are. */
size_t conn_set_count(const struct conn_set *set);

/* Calls conn_close on at most max open conns and returns their number. Skips
 * unfinished handshakes: many clients take a failed handshake for a server
 * that is down, and do not come back. */
size_t conn_set_close(struct conn_set *set, const struct close_cause *cause,
		      size_t max);

/* Frees all remaining conns without sending a Close. */
void conn_set_abort(struct conn_set *set);

#endif
