/* SPDX-License-Identifier: MIT
 *
 * What the workers count, in memory that they share, so that any of them can
 * tell of all. Each has a place of its own and writes there alone: counting is
 * an addition. Knows nothing of who counts.
 *
 * The place outlives the worker, and the next one goes on counting in it.
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
	STATS_STASH_FULL, /* it is read from the log when its turn comes */
};

#define STATS_DROPS (STATS_STASH_FULL + 1)

/* For metric_add_own and its like. Who is told what each number is reads the
 * table in stats.c. */
struct stats {
	/* a place ends where a cache line does, for two workers' sake */
	_Alignas(64) _Atomic int64_t workers; /* 1: somebody counts here */
	_Atomic int64_t connections, opened, closed[CLOSE_CAUSES_MAX];
	_Atomic int64_t channels, subscriptions;
	_Atomic int64_t deliveries, sent_bytes, received_bytes;
	_Atomic int64_t queue_bytes, queue_peak_bytes, frames_dropped;
	_Atomic int64_t hints, hints_dropped[STATS_DROPS], stash_bytes;
	_Atomic int64_t head_polls, head_lag, holes, healed;
	_Atomic int64_t redis_up, postgres_up, roster_up;
	_Atomic int64_t rooms, members;
	struct metric_histogram turns;

	/* not told as they are */
	_Atomic int64_t build;
	_Atomic int64_t turned_ms; /* when the loop last began a turn */
};

/* Where this process counts: before stats_use, where nobody looks. */
struct stats *stats(void);

/* By the master, once: places for so many workers, which are forked later. */
void stats_share(size_t workers);

/* By a new worker: it counts at this place from now on. */
void stats_use(size_t worker);

/* By the master: the worker of this place is gone, and with it what it had
 * open. */
void stats_forget(size_t worker);

/* So many events that came through Redis were not taken. */
static inline void stats_drop(enum stats_drop why, size_t count)
{
	metric_add_own(&stats()->hints_dropped[why], (int64_t)count);
}

/* What is answered to those who operate the program. */
extern const struct ops_handler stats_handler;

#endif
