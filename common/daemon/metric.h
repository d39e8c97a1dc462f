/* SPDX-License-Identifier: MIT
 *
 * What a program counts, and how it is told: Prometheus' text format, version
 * 0.0.4. Pure: the numbers lie in a struct of the program's, which its table
 * describes.
 *
 * Every number is an int64_t that is written and read without a lock and
 * without order. Numbers that belong together may be told a moment apart.
 */
#ifndef COMMON_DAEMON_METRIC_H
#define COMMON_DAEMON_METRIC_H

#include <stdatomic.h>

#include "common/base/buf.h"

enum metric_type {
	METRIC_COUNTER = 0,
	METRIC_GAUGE,
	METRIC_PEAK, /* a gauge, of several the highest and not the sum */
	METRIC_HISTOGRAM,
};

/* What a histogram counts by: at[0 .. count) are the upper ends of its
 * buckets, rising, above which is one more. unit of what is observed make one
 * of what the metric's name says. */
#define METRIC_BOUNDS_MAX 16
struct metric_bounds {
	size_t count;
	int64_t unit;
	int64_t at[METRIC_BOUNDS_MAX];
};

/* Microseconds, told as seconds: 0.0001 to 10. */
extern const struct metric_bounds metric_seconds;
/* Numbers of things: 1 to 256. */
extern const struct metric_bounds metric_sizes;

struct metric_histogram {
	_Atomic int64_t buckets[METRIC_BOUNDS_MAX + 1];
	_Atomic int64_t sum;
};

/* Adds the labels of a series: cause="slow",code="4100". */
typedef void metric_label_fn(struct buf *buf, size_t series);

struct metric {
	const char *name;
	const char *help; /* one line, without backslashes */
	enum metric_type type;
	size_t offset;          /* in the struct: of an _Atomic int64_t, or of a
				 * struct metric_histogram, or of an array of them */
	size_t count;           /* of series: elements of that array */
	metric_label_fn *label; /* NULL: none, there is one series */
	const struct metric_bounds *bounds; /* of a histogram */
};

/* Rows of such a table, for a field of the struct type `of`. */
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

/* For a number that several threads write. */
static inline void metric_add(_Atomic int64_t *to, int64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

/* For a number that nobody else writes: costs what a plain addition does. */
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

/* Several threads may. */
void metric_observe(struct metric_histogram *histogram,
		    const struct metric_bounds *bounds, int64_t value);

/* ---- telling ---- */

/* Adds what `from` holds to what `to` holds, each metric as its type has
 * it. Both are structs that the table describes. */
void metric_merge(const struct metric_table *table, void *to, const void *from);

/* Counters stay, and all else is 0: who counted there is gone. */
void metric_forget(const struct metric_table *table, void *of);

/* Adds all metrics as text. */
void metric_render(const struct metric_table *table, const void *of,
		   struct buf *text);

#endif
