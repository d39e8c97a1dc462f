/* SPDX-License-Identifier: MIT
 *
 * The connections of a worker: what is done with them at the end of a turn,
 * and when their time is over.
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
 * embedded in its owner, who gets it back by ops->free. */
void conn_set_add(struct conn_set *set, struct conn *conn, int fd,
		  const struct sockaddr *address);

/* How many conns there are. */
size_t conn_set_count(const struct conn_set *set);

/* conn_close on up to max of those that are open. Who is about to become it is
 * left alone: many clients take a handshake that fails for a server that is
 * away, and stay away as well. Returns how many it were. */
size_t conn_set_close(struct conn_set *set, const struct close_cause *cause,
		      size_t max);

/* Frees what is left, without a word to the peers. */
void conn_set_abort(struct conn_set *set);

#endif
