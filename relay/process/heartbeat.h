/* SPDX-License-Identifier: MIT
 *
 * A worker's heartbeat, in memory that it shares with its master.
 */
#ifndef RELAY_PROCESS_HEARTBEAT_H
#define RELAY_PROCESS_HEARTBEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Written by one worker, read by the master. */
struct heartbeat {
	atomic_uint beats;    /* rises while the loop turns */
	atomic_bool is_ready; /* it can serve subscribers */
};

/* Makes count heartbeats, all zero. Children that are forked later share
 * them. */
struct heartbeat *heartbeat_new(size_t count);
void heartbeat_free(struct heartbeat *heartbeats, size_t count);

/* For the worker: reports that its loop runs. */
void heartbeat_beat(struct heartbeat *heartbeat, bool is_ready);

/* For the master, before it forks a worker: resets the heartbeat. */
void heartbeat_clear(struct heartbeat *heartbeat);

#endif
