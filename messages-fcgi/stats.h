/* SPDX-License-Identifier: MIT
 *
 * The metrics and the health of the program. All threads count in one struct.
 * Knows nothing of the rooms that count.
 */
#ifndef MESSAGES_FCGI_STATS_H
#define MESSAGES_FCGI_STATS_H

#include "common/daemon/metric.h"
#include "common/daemon/ops.h"
#include "messages-fcgi/http/problem.h"
#include "messages-fcgi/routes.h"

/* The rows of ROUTES, and one for requests that match none. */
#define STATS_ROUTES (ROUTES_COUNT + 1)

enum stats_posted {
	STATS_STORED = 0,
	STATS_REPEATED,
	STATS_CONFLICT,
	STATS_UNAVAILABLE,
};

#define STATS_POSTED (STATS_UNAVAILABLE + 1)

/* Why a batch was not committed. */
enum stats_failure {
	STATS_LOCKED = 0,
	STATS_UNKNOWN, /* it may be committed: it is run again */
	STATS_DOWN,
	STATS_REFUSED,
};

#define STATS_FAILURES (STATS_REFUSED + 1)

/* Why an event was not published. */
enum stats_drop {
	STATS_REDIS_DOWN = 0,
	STATS_BUFFER_FULL,
};

#define STATS_DROPS (STATS_BUFFER_FULL + 1)

/* Committers beyond this number share the last committing_since_ms. */
#define STATS_COMMITTERS 64

/* For metric_add, metric_set and metric_observe. The table in stats.c describes
 * each number. */
struct stats {
	_Atomic int64_t build, threads, idle, in_flight, broken;
	_Atomic int64_t requests[STATS_ROUTES * PROBLEM_STATUSES];
	struct metric_histogram durations[STATS_ROUTES];
	_Atomic int64_t posts[STATS_POSTED], waiting;
	struct metric_histogram batches, commits, publishes;
	_Atomic int64_t failures[STATS_FAILURES];
	_Atomic int64_t published, dropped[STATS_DROPS], buffer_bytes;
	_Atomic int64_t webhooks_sent, webhooks_failed, webhooks_dropped;
	_Atomic int64_t webhooks_waiting;
	_Atomic int64_t postgres_up, redis_up;

	/* Not exported: when the thread began its current work (clock_ms), 0
	 * while it waits. For the health. */
	_Atomic int64_t committing_since_ms[STATS_COMMITTERS];
	_Atomic int64_t publishing_since_ms;
	_Atomic int64_t is_stopping;
};

/* The only instance. */
struct stats *stats(void);

/* The committing_since_ms of a committer. */
_Atomic int64_t *stats_committing_since_ms(size_t committer);

/* Counts a request that was answered. route: a row of ROUTES, or ROUTES_COUNT.
 * status: one that problem_status lists. */
void stats_request(size_t route, int status, int64_t duration_us);

/* Answers health checks and metrics: /healthz, /readyz, /metrics. */
extern const struct ops_handler stats_handler;

#endif
