/* SPDX-License-Identifier: MIT
 *
 * The table of metrics, and the checks of health.
 */
#include "messages-fcgi/stats.h"

#include <assert.h>

#include "common/base/clock.h"
#include "common/base/version.h"

/* A round of the committer or the publisher that lasts this long hangs. Longer
 * than all their timeouts together, at their largest settings, and the system's
 * timeout for the lookup of a host name. */
#define STUCK_MS 90000

static struct stats numbers = { .build = 1 };

struct stats *stats(void)
{
	return &numbers;
}

/* ---- labels ---- */

static void add_version(struct buf *buf, size_t series)
{
	(void)series;
	buf_add_str(buf, "version=\"" PUSHLOG_VERSION "\"");
}

/* The method and the path; each part of the path is one asterisk. */
static void add_route(struct buf *buf, size_t series)
{
#define LABEL(method, path, handler) #method " " path,
	static const char *const labels[STATS_ROUTES] = { ROUTES(
		LABEL) "other" };
#undef LABEL
	const char *at;

	buf_add_str(buf, "route=\"");
	for (at = labels[series]; *at != '\0'; at++)
		if (at[0] != '*' || at[1] != '*')
			buf_add_char(buf, *at);
	buf_add_char(buf, '"');
}

static void add_route_and_status(struct buf *buf, size_t series)
{
	add_route(buf, series / PROBLEM_STATUSES);
	buf_addf(buf, ",status=\"%d\"",
		 problem_status(series % PROBLEM_STATUSES));
}

static void add_posted(struct buf *buf, size_t series)
{
	static const char *const names[STATS_POSTED] = {
		[STATS_STORED] = "stored",
		[STATS_REPEATED] = "repeated",
		[STATS_CONFLICT] = "conflict",
		[STATS_UNAVAILABLE] = "unavailable",
	};

	buf_addf(buf, "outcome=\"%s\"", names[series]);
}

static void add_failure(struct buf *buf, size_t series)
{
	static const char *const names[STATS_FAILURES] = {
		[STATS_LOCKED] = "locked",
		[STATS_UNKNOWN] = "unknown",
		[STATS_DOWN] = "down",
		[STATS_REFUSED] = "refused",
	};

	buf_addf(buf, "cause=\"%s\"", names[series]);
}

static void add_drop(struct buf *buf, size_t series)
{
	static const char *const names[STATS_DROPS] = {
		[STATS_REDIS_DOWN] = "redis-away",
		[STATS_BUFFER_FULL] = "buffer-full",
	};

	buf_addf(buf, "cause=\"%s\"", names[series]);
}

/* ---- the table ---- */

#define NUMBER(field, type, name, text)                                        \
	METRIC(struct stats, field, type, "pushlog_messages_" name, text)
#define FAMILY(field, type, series, label, name, text)                         \
	METRIC_FAMILY(struct stats, field, type, series, label,                \
		      "pushlog_messages_" name, text)
#define BUCKETS(field, series, label, bounds, name, text)                      \
	METRIC_BUCKETS(struct stats, field, series, label, bounds,             \
		       "pushlog_messages_" name, text)

static const struct metric metrics[] = {
	FAMILY(build, METRIC_GAUGE, 1, add_version, "build_info",
	       "Always 1; the version is its label."),
	NUMBER(threads, METRIC_GAUGE, "threads",
	       "Threads that serve requests."),
	NUMBER(idle, METRIC_GAUGE, "threads_idle",
	       "Threads that wait for a request."),
	NUMBER(in_flight, METRIC_GAUGE, "requests_in_flight",
	       "Requests that are being served or wait for a commit."),
	FAMILY(requests, METRIC_COUNTER, STATS_ROUTES *PROBLEM_STATUSES,
	       add_route_and_status, "requests_total", "Requests answered."),
	BUCKETS(durations, STATS_ROUTES, add_route, &metric_seconds,
		"request_duration_seconds",
		"Time from accepting a request to the end of its answer."),
	NUMBER(broken, METRIC_COUNTER, "responses_broken_total",
	       "Answers that the server broke off or the client did not read "
	       "to "
	       "the end."),
	FAMILY(posts, METRIC_COUNTER, STATS_POSTED, add_posted, "posts_total",
	       "Posted messages, and events that servers trigger in channels "
	       "with a history, by outcome."),
	NUMBER(waiting, METRIC_GAUGE, "posts_waiting",
	       "Posts that wait for a commit."),
	BUCKETS(batches, 1, NULL, &metric_sizes, "batch_events",
		"Events in one commit."),
	BUCKETS(commits, 1, NULL, &metric_seconds, "commit_duration_seconds",
		"Time to commit a batch."),
	FAMILY(failures, METRIC_COUNTER, STATS_FAILURES, add_failure,
	       "commit_failures_total", "Batches not committed, by cause."),
	NUMBER(published, METRIC_COUNTER, "published_events_total",
	       "Events that Redis accepted."),
	BUCKETS(publishes, 1, NULL, &metric_seconds, "publish_duration_seconds",
		"Time for Redis to accept the waiting events."),
	FAMILY(dropped, METRIC_COUNTER, STATS_DROPS, add_drop,
	       "publish_dropped_events_total",
	       "Events not published; relays read those of the log from "
	       "PostgreSQL."),
	NUMBER(buffer_bytes, METRIC_GAUGE, "publish_buffer_bytes",
	       "Bytes that wait for Redis."),
	NUMBER(webhooks_sent, METRIC_COUNTER, "webhook_events_sent_total",
	       "Events that the server of a webhook accepted."),
	NUMBER(webhooks_failed, METRIC_COUNTER, "webhook_failures_total",
	       "POSTs to webhooks that failed; their events are sent again."),
	NUMBER(webhooks_dropped, METRIC_COUNTER, "webhook_events_dropped_total",
	       "Events dropped because the server did not accept them within 5 "
	       "minutes."),
	NUMBER(webhooks_waiting, METRIC_GAUGE, "webhook_events_waiting",
	       "Events that wait for the webhooks that this process sends."),
	NUMBER(postgres_up, METRIC_GAUGE, "postgres_up",
	       "1 if PostgreSQL answered the last time, else 0."),
	NUMBER(redis_up, METRIC_GAUGE, "redis_up",
	       "1 if Redis accepted the last command, else 0."),
};

static const struct metric_table table = {
	metrics,
	sizeof(metrics) / sizeof(metrics[0]),
};

_Atomic int64_t *stats_committing_since_ms(size_t committer)
{
	size_t i =
		committer < STATS_COMMITTERS ? committer : STATS_COMMITTERS - 1;

	return &numbers.committing_since_ms[i];
}

void stats_request(size_t route, int status, int64_t duration_us)
{
	size_t i = 0;

	while (i < PROBLEM_STATUSES && problem_status(i) != status)
		i++;
	assert(i < PROBLEM_STATUSES);
	metric_add(&numbers.requests[route * PROBLEM_STATUSES + i], 1);
	metric_observe(&numbers.durations[route], &metric_seconds, duration_us);
}

/* ---- health ---- */

static bool is_stuck(const _Atomic int64_t *since_ms)
{
	int64_t since = metric_get(since_ms);

	return since != 0 && clock_ms() - since >= STUCK_MS;
}

static bool is_any_committer_stuck(void)
{
	size_t i;

	for (i = 0; i < STATS_COMMITTERS; i++)
		if (is_stuck(&numbers.committing_since_ms[i]))
			return true;
	return false;
}

static enum ops_health check_alive(void *ctx, struct buf *why)
{
	(void)ctx;
	if (is_any_committer_stuck())
		buf_add_str(why, "the committer is stuck");
	else if (is_stuck(&numbers.publishing_since_ms))
		buf_add_str(why, "the publisher is stuck");
	return why->len > 0 ? OPS_BAD : OPS_GOOD;
}

static enum ops_health check_ready(void *ctx, struct buf *why)
{
	(void)ctx;
	if (metric_get(&numbers.is_stopping) != 0) {
		buf_add_str(why, "stopping");
		return OPS_BAD;
	}
	if (metric_get(&numbers.postgres_up) == 0) {
		buf_add_str(why, "postgresql is unavailable");
		return OPS_BAD;
	}
	if (metric_get(&numbers.redis_up) == 0) {
		buf_add_str(why, "redis is unavailable");
		return OPS_DEGRADED;
	}
	return OPS_GOOD;
}

static void render_metrics(void *ctx, struct buf *text)
{
	(void)ctx;
	metric_render(&table, &numbers, text);
}

const struct ops_handler stats_handler = {
	.alive = check_alive,
	.ready = check_ready,
	.metrics = render_metrics,
};
