/* SPDX-License-Identifier: MIT
 *
 * What this program counts, by all its threads, and how that is told. Knows
 * nothing of who counts.
 */
#ifndef MESSAGES_FCGI_STATS_H
#define MESSAGES_FCGI_STATS_H

#include "common/daemon/metric.h"
#include "common/daemon/ops.h"
#include "messages-fcgi/http/problem.h"

enum stats_route {
	STATS_GET_MESSAGES = 0,
	STATS_POST_MESSAGES,
	STATS_GET_CONFIG,
	STATS_POST_EVENTS,
	STATS_POST_BATCH,
	STATS_GET_EVENTS,
	STATS_GET_CHANNELS,
	STATS_GET_CHANNEL,
	STATS_GET_USERS,
	STATS_POST_TERMINATE,
	STATS_POST_AUTH,
	STATS_POST_USER_AUTH,
	STATS_OTHER, /* no resource, or not this method */
};

#define STATS_ROUTES (STATS_OTHER + 1)

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
	STATS_UNKNOWN, /* it may have been: it is run again */
	STATS_DOWN,
	STATS_REFUSED,
};

#define STATS_FAILURES (STATS_REFUSED + 1)

/* Why an event was not published. */
enum stats_drop {
	STATS_AWAY = 0, /* Redis is */
	STATS_FULL,     /* the buffer is */
};

#define STATS_DROPS (STATS_FULL + 1)

/* Committers beyond so many share what shows that they turn. */
#define STATS_COMMITTERS 64

/* For metric_add and its like. Who is told what each number is reads the table
 * in stats.c. */
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

	/* not told as they are: when the thread began what it does now, 0 if
	 * it waits; clock_ms */
	_Atomic int64_t committing_since_ms[STATS_COMMITTERS];
	_Atomic int64_t publishing_since_ms;
	_Atomic int64_t is_stopping;
};

/* The only one there is. */
struct stats *stats(void);

/* That of a committer. */
_Atomic int64_t *stats_committing_since_ms(size_t committer);

/* A request was answered, with a status that problem knows. */
void stats_request(enum stats_route route, int status, int64_t duration_us);

/* What is answered to those who operate the program. */
extern const struct ops_handler stats_handler;

#endif
