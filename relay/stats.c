/* SPDX-License-Identifier: MIT
 *
 * The table of metrics, and what they mean for health.
 */
#include "relay/stats.h"

#include <assert.h>
#include <sys/mman.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "relay/protocol/pusher.h"

/* A loop turns each second. A blocking name lookup takes up to half of this. */
#define STUCK_MS 10000

static struct stats nobodys;
static struct stats *places = &nobodys, *own = &nobodys;
static size_t place_count = 1;

struct stats *stats(void)
{
	return own;
}

/* ---- labels ---- */

static void add_version(struct buf *buf, size_t series)
{
	(void)series;
	buf_add_str(buf, "version=\"" PUSHLOG_VERSION "\"");
}

static void add_cause(struct buf *buf, size_t series)
{
	const struct close_cause *cause = &pusher_causes[series];

	buf_addf(buf, "cause=\"%s\",code=\"%u\"", cause->name, cause->code);
}

static void add_drop(struct buf *buf, size_t series)
{
	static const char *const names[STATS_DROPS] = {
		[STATS_REPEATED] = "repeated",
		[STATS_OTHER_EPOCH] = "other-epoch",
		[STATS_NOT_OURS] = "not-ours",
		[STATS_STASH_FULL] = "stash-full",
	};

	buf_addf(buf, "cause=\"%s\"", names[series]);
}

/* ---- the table ---- */

#define NUMBER(field, type, name, text)                                        \
	METRIC(struct stats, field, type, "pushlog_relay_" name, text)
#define FAMILY(field, type, series, label, name, text)                         \
	METRIC_FAMILY(struct stats, field, type, series, label,                \
		      "pushlog_relay_" name, text)

static const struct metric metrics[] = {
	FAMILY(build, METRIC_GAUGE, 1, add_version, "build_info",
	       "Always 1; the version is its label."),
	NUMBER(workers, METRIC_GAUGE, "workers", "Worker processes that run."),
	NUMBER(connections, METRIC_GAUGE, "connections",
	       "Connections that are open."),
	NUMBER(opened, METRIC_COUNTER, "connections_opened_total",
	       "Connections accepted."),
	FAMILY(closed, METRIC_COUNTER, PUSHER_CAUSES, add_cause,
	       "connections_closed_total", "Connections ended, by cause."),
	NUMBER(channels, METRIC_GAUGE, "channels",
	       "Channels that are followed, counted once per worker."),
	NUMBER(subscriptions, METRIC_GAUGE, "subscriptions",
	       "Subscriptions of all connections."),
	NUMBER(deliveries, METRIC_COUNTER, "deliveries_total",
	       "Events queued, once for each subscriber."),
	NUMBER(sent_bytes, METRIC_COUNTER, "sent_bytes_total",
	       "Bytes that the kernel took for peers."),
	NUMBER(received_bytes, METRIC_COUNTER, "received_bytes_total",
	       "Bytes that came from peers."),
	NUMBER(queue_bytes, METRIC_GAUGE, "queue_bytes",
	       "Bytes that wait for peers to read."),
	NUMBER(queue_peak_bytes, METRIC_PEAK, "queue_peak_bytes",
	       "The longest queue that one peer had in the last minute."),
	NUMBER(frames_dropped, METRIC_COUNTER, "frames_dropped_total",
	       "Frames not sent to peers that were closed for being slow."),
	NUMBER(hints, METRIC_COUNTER, "hints_total",
	       "Events that came through Redis."),
	FAMILY(hints_dropped, METRIC_COUNTER, STATS_DROPS, add_drop,
	       "hints_dropped_total",
	       "Events that came through Redis and were not taken, by cause."),
	NUMBER(stash_bytes, METRIC_GAUGE, "stash_bytes",
	       "Bytes of events that came before their turn."),
	NUMBER(head_polls, METRIC_COUNTER, "head_polls_total",
	       "Looks at the log for events that Redis lost."),
	NUMBER(head_lag, METRIC_PEAK, "head_lag_events",
	       "How far the channel that is furthest behind the log was behind "
	       "at the last look."),
	NUMBER(holes, METRIC_COUNTER, "holes_read_total",
	       "Reads of the log for events that were missing."),
	NUMBER(healed, METRIC_COUNTER, "events_healed_total",
	       "Events delivered from the log instead of Redis."),
	NUMBER(redis_up, METRIC_GAUGE, "redis_up",
	       "Whether all workers are subscribed at Redis."),
	NUMBER(postgres_up, METRIC_GAUGE, "postgres_up",
	       "Whether all workers can read the log."),
	NUMBER(roster_up, METRIC_GAUGE, "roster_up",
	       "Whether all workers share presence and counts through Redis."),
	NUMBER(rooms, METRIC_GAUGE, "presence_channels",
	       "Presence channels that are followed, counted once per worker."),
	NUMBER(members, METRIC_GAUGE, "presence_members",
	       "Members of presence channels, counted once per worker."),
	METRIC_BUCKETS(struct stats, turns, 1, NULL, &metric_seconds,
		       "pushlog_relay_loop_turn_seconds",
		       "Time from the first of some events to the last byte "
		       "sent because of them."),
};

static const struct metric_table table = {
	metrics,
	sizeof(metrics) / sizeof(metrics[0]),
};

/* ---- places ---- */

void stats_share(size_t workers)
{
	void *memory =
		mmap(NULL, workers * sizeof(struct stats),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fatal("cannot share memory with workers");
	places = memory;
	place_count = workers;
}

void stats_use(size_t worker)
{
	assert(worker < place_count);
	own = &places[worker];
	metric_set(&own->turned_ms, clock_ms());
	metric_set(&own->workers, 1);
}

void stats_forget(size_t worker)
{
	assert(worker < place_count);
	metric_forget(&table, &places[worker]);
}

/* ---- metrics and health ---- */

static void sum_up(struct stats *all)
{
	size_t i;

	*all = (struct stats){ .build = 0 };
	for (i = 0; i < place_count; i++)
		metric_merge(&table, all, &places[i]);
}

static int64_t count_stuck(void)
{
	int64_t late_ms = clock_ms() - STUCK_MS, count = 0;
	size_t i;

	for (i = 0; i < place_count; i++)
		count += metric_get(&places[i].workers) != 0 &&
			 metric_get(&places[i].turned_ms) <= late_ms;
	return count;
}

static enum ops_health tell_alive(void *ctx, struct buf *why)
{
	int64_t stuck = count_stuck();

	(void)ctx;
	if (stuck == 0)
		return OPS_GOOD;
	buf_addf(why, "%lld workers do not turn", (long long)stuck);
	return OPS_BAD;
}

static enum ops_health tell_ready(void *ctx, struct buf *why)
{
	struct stats all;

	(void)ctx;
	sum_up(&all);
	if (all.postgres_up < all.workers) {
		buf_add_str(why, "postgresql is unavailable");
		return OPS_BAD;
	}
	if (all.redis_up < all.workers || all.roster_up < all.workers) {
		buf_add_str(why, "redis is unavailable");
		return OPS_DEGRADED;
	}
	return OPS_GOOD;
}

static void tell_metrics(void *ctx, struct buf *text)
{
	struct stats all;

	(void)ctx;
	sum_up(&all);
	all.build = 1;
	all.redis_up = all.redis_up == all.workers;
	all.postgres_up = all.postgres_up == all.workers;
	all.roster_up = all.roster_up == all.workers;
	metric_render(&table, &all, text);
}

const struct ops_handler stats_handler = {
	.alive = tell_alive,
	.ready = tell_ready,
	.metrics = tell_metrics,
};
