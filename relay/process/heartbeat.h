/* SPDX-License-Identifier: MIT
 *
 * A worker's sign of life, in memory that it shares with its master.
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
	atomic_bool is_ready; /* subscribers may come */
};

/* One for each worker, all zero; children that are forked later share them. */
struct heartbeat *heartbeat_new(size_t count);
void heartbeat_free(struct heartbeat *heartbeats, size_t count);

/* By the worker: it lives. */
void heartbeat_beat(struct heartbeat *heartbeat, bool is_ready);

/* By the master, before there is a worker: as new. */
void heartbeat_clear(struct heartbeat *heartbeat);

#endif
