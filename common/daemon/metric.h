/* SPDX-License-Identifier: MIT
 *
 * Counters, gauges and histograms, and their rendering in Prometheus' text
 * format, version 0.0.4. Pure: the numbers are in a struct of the program,
 * which a table describes.
 *
 * Every number is an int64_t that threads read and write without locks and with
 * relaxed ordering. Numbers that belong together may be read a moment apart.
 */
#ifndef COMMON_DAEMON_METRIC_H
#define COMMON_DAEMON_METRIC_H

#include <stdatomic.h>

#include "common/base/buf.h"

enum metric_type {
	METRIC_COUNTER = 0,
	METRIC_GAUGE,
	METRIC_PEAK, /* a gauge that merges to the maximum, not to the sum */
	METRIC_HISTOGRAM,
};

/* The buckets of a histogram: at[0 .. count) are their upper bounds, ascending;
 * one more bucket is above them. Values are observed in 1/unit of the unit in
 * the metric's name. */
#define METRIC_BOUNDS_MAX 16
struct metric_bounds {
	size_t count;
	int64_t unit;
	int64_t at[METRIC_BOUNDS_MAX];
};

/* Observed in microseconds, exported in seconds: 0.0001 to 10. */
extern const struct metric_bounds metric_seconds;
/* Numbers of items: 1 to 256. */
extern const struct metric_bounds metric_sizes;

struct metric_histogram {
	_Atomic int64_t buckets[METRIC_BOUNDS_MAX + 1];
	_Atomic int64_t sum;
};

/* Adds the labels of a series, such as cause="slow",code="4100". */
typedef void metric_label_fn(struct buf *buf, size_t series);

struct metric {
	const char *name;
	const char *help; /* one line, without backslashes */
	enum metric_type type;
	size_t offset;          /* of the field: an _Atomic int64_t, a struct
				 * metric_histogram, or an array of either */
	size_t count;           /* elements of the array, a series each */
	metric_label_fn *label; /* NULL: no labels, one series */
	const struct metric_bounds *bounds; /* of a histogram */
};

/* Rows of a table, for a field of the struct type `of`. */
#define METRIC(of, field, kind, called, text)                                  \
	{                                                                      \
		.name = called, .help = text, .type = kind,                    \
		.offset = offsetof(of, field), .count = 1                      \
	}
#define METRIC_FAMILY(of, field, kind, series, labels, called, text)           \
	{                                                                      \
		.name = called, .help = text, .type = kind,                    \
		.offset = offsetof(of, field), .count = series,                \
		.label = labels                                                \
	}
#define METRIC_BUCKETS(of, field, series, labels, ends, called, text)          \
	{                                                                      \
		.name = called, .help = text, .type = METRIC_HISTOGRAM,        \
		.offset = offsetof(of, field), .count = series,                \
		.label = labels, .bounds = ends                                \
	}

struct metric_table {
	const struct metric *metrics;
	size_t count;
};

/* ---- counting ---- */

/* Adds n to a number that several threads write. */
static inline void metric_add(_Atomic int64_t *to, int64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

/* Adds n to a number that only this thread writes, as cheaply as a += would. */
static inline void metric_add_own(_Atomic int64_t *to, int64_t n)
{
	int64_t sum = atomic_load_explicit(to, memory_order_relaxed) + n;

	atomic_store_explicit(to, sum, memory_order_relaxed);
}

static inline void metric_set(_Atomic int64_t *to, int64_t n)
{
	atomic_store_explicit(to, n, memory_order_relaxed);
}

static inline int64_t metric_get(const _Atomic int64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

/* Counts a value. Several threads may call this for one histogram. */
void metric_observe(struct metric_histogram *histogram,
		    const struct metric_bounds *bounds, int64_t value);

/* ---- exporting ---- */

/* Adds the numbers of `from` to those of `to`, or takes the maximum of a
 * METRIC_PEAK. Both are structs that the table describes. */
void metric_merge(const struct metric_table *table, void *to, const void *from);

/* Sets gauges and peaks to 0 after the process that wrote the numbers has
 * ended. Counters and histograms stay. */
void metric_forget(const struct metric_table *table, void *of);

/* Adds the text of all metrics. */
void metric_render(const struct metric_table *table, const void *of,
		   struct buf *text);

#endif
