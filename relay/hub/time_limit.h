/* SPDX-License-Identifier: MIT
 *
 * Times by which a connection must have done something: authorized itself, or
 * subscribed to a channel. Knows neither sessions nor connections: its owner
 * sets and clears limits, and closes the connection that exceeds one.
 */
#ifndef RELAY_HUB_TIME_LIMIT_H
#define RELAY_HUB_TIME_LIMIT_H

#include "relay/list.h"
#include "relay/net/loop.h"

enum time_limit_kind {
	TIME_LIMIT_AUTHORIZE = 0,
	TIME_LIMIT_SUBSCRIBE,
};

#define TIME_LIMIT_KINDS (TIME_LIMIT_SUBSCRIBE + 1)

/* Embedded in its owner. In a list while it has a limit of any kind. */
struct time_limit {
	struct list link;
	uint32_t due_s[TIME_LIMIT_KINDS]; /* loop time; 0: no limit */
};

/* Called once a second while a limit is exceeded, with the first kind that is.
 * Must neither set nor clear a limit. */
typedef void time_limit_fn(struct time_limit *limit, enum time_limit_kind kind);

/* All limits of one worker, embedded in their owner. */
struct time_limits {
	struct loop *loop;
	struct list limited;
	struct loop_timer timer;
	time_limit_fn *on_due;
};

void time_limits_init(struct time_limits *limits, struct loop *loop,
		      time_limit_fn *on_due);
/* Every limit must have been released. */
void time_limits_release(struct time_limits *limits);

/* Without any limit. */
void time_limit_init(struct time_limit *limit);
void time_limit_release(struct time_limit *limit);

/* The limit is exceeded at due_s (> 0), in seconds of loop time. */
void time_limit_set(struct time_limits *limits, struct time_limit *limit,
		    enum time_limit_kind kind, uint32_t due_s);
void time_limit_clear(struct time_limit *limit, enum time_limit_kind kind);

#endif
