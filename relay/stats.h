/* SPDX-License-Identifier: MIT
 *
 * The counters of all workers, in shared memory, so that any worker can report
 * them all. Each worker has a place and is its only writer: counting is one
 * addition. Knows nothing of the code that counts.
 *
 * A place outlives its worker; the replacement continues its counters.
 */
#ifndef RELAY_STATS_H
#define RELAY_STATS_H

#include "common/daemon/metric.h"
#include "common/daemon/ops.h"
#include "relay/protocol/close_cause.h"

/* Why an event that came through Redis was not taken. */
enum stats_drop {
	STATS_REPEATED = 0,
	STATS_OTHER_EPOCH,
	STATS_NOT_OURS,
	STATS_STASH_FULL, /* read from the log when its turn comes */
};

#define STATS_DROPS (STATS_STASH_FULL + 1)

/* Change the fields with metric_add_own and its like. The table in stats.c
 * describes each of them. */
struct stats {
	/* aligned so that two workers never share a cache line */
	_Alignas(64) _Atomic int64_t workers; /* 1: a worker counts here */
	_Atomic int64_t connections, opened, closed[CLOSE_CAUSES_MAX];
	_Atomic int64_t channels, subscriptions;
	_Atomic int64_t deliveries, sent_bytes, received_bytes;
	_Atomic int64_t queue_bytes, queue_peak_bytes, frames_dropped;
	_Atomic int64_t hints, hints_dropped[STATS_DROPS], stash_bytes;
	_Atomic int64_t head_polls, head_lag, holes, healed;
	_Atomic int64_t redis_up, postgres_up, roster_up;
	_Atomic int64_t rooms, members;
	struct metric_histogram turns;

	/* not exported as they are */
	_Atomic int64_t build;
	_Atomic int64_t turned_ms; /* when the loop last began a turn */
};

/* This process's place; before stats_use, a private one that is not exported.
 */
struct stats *stats(void);

/* Master, once: maps places for this many workers before it forks them. */
void stats_share(size_t workers);

/* New worker: counts at this place from now on. */
void stats_use(size_t worker);

/* Master: the worker of this place is gone. Clears its gauges and keeps its
 * counters. */
void stats_forget(size_t worker);

/* Counts events that came through Redis and were not taken. */
static inline void stats_drop(enum stats_drop why, size_t count)
{
	metric_add_own(&stats()->hints_dropped[why], (int64_t)count);
}

/* Serves metrics and health on the operator's socket. */
extern const struct ops_handler stats_handler;

#endif
