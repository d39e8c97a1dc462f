/* SPDX-License-Identifier: MIT
 *
 * The end of a worker that accepts nobody any more: everyone who is connected
 * is closed, at once or evenly over some time, so that who takes them over is
 * not overrun. Embedded in its owner.
 */
#ifndef RELAY_PROCESS_DRAIN_H
#define RELAY_PROCESS_DRAIN_H

#include "relay/net/conn_set.h"

struct drain_conf {
	const struct close_cause *cause; /* what they are told */
	int64_t spread_ms;   /* over which they are closed; 0: at once */
	int64_t patience_ms; /* and then, for them to answer */
};

struct drain {
	struct loop *loop;
	struct conn_set *conns;
	struct drain_conf conf;
	int64_t from_ms;
	size_t to_close, closed; /* of those that were there from the start */
	struct loop_timer timer;
	bool (*is_idle)(void *ctx);
	void *ctx;
};

/* Begins, or begins anew what takes its time. Stops the loop when everyone is
 * gone and is_idle says that there is nothing else to finish, or when patience
 * ends. */
void drain_start(struct drain *drain, struct loop *loop, struct conn_set *conns,
		 const struct drain_conf *conf, bool (*is_idle)(void *ctx),
		 void *ctx);

#endif
