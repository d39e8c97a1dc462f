/* SPDX-License-Identifier: MIT
 *
 * The end of a worker that no longer accepts connections: closes every
 * connection, at once or evenly over some time, so that the clients' reconnects
 * do not overrun the successor. Embedded in its owner.
 */
#ifndef RELAY_PROCESS_DRAIN_H
#define RELAY_PROCESS_DRAIN_H

#include "relay/net/conn_set.h"

struct drain_conf {
	const struct close_cause *cause; /* sent to each client */
	int64_t spread_ms;   /* closes are spread over this; 0: at once */
	int64_t patience_ms; /* then wait this long for the answers */
};

struct drain {
	struct loop *loop;
	struct conn_set *conns;
	struct drain_conf conf;
	int64_t from_ms;
	size_t to_close, closed; /* of the initial connections */
	struct loop_timer timer;
	bool (*is_idle)(void *ctx);
	void *ctx;
};

/* Starts the drain, or restarts one with another conf. Stops the loop when all
 * connections are gone and is_idle reports that no other work is left, or when
 * the patience ends. */
void drain_start(struct drain *drain, struct loop *loop, struct conn_set *conns,
		 const struct drain_conf *conf, bool (*is_idle)(void *ctx),
		 void *ctx);

#endif
