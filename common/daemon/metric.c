/* SPDX-License-Identifier: MIT
 *
 * Merges and renders the metrics of a table.
 */
#include "common/daemon/metric.h"

#include <assert.h>
#include <stdbool.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "numbers are shared by processes");

const struct metric_bounds metric_seconds = {
	.count = 16,
	.unit = 1000000,
	.at = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
		250000, 500000, 1000000, 2500000, 5000000, 10000000 },
};

const struct metric_bounds metric_sizes = {
	.count = 9,
	.unit = 1,
	.at = { 1, 2, 4, 8, 16, 32, 64, 128, 256 },
};

void metric_observe(struct metric_histogram *histogram,
		    const struct metric_bounds *bounds, int64_t value)
{
	size_t i = 0;

	while (i < bounds->count && value > bounds->at[i])
		i++;
	metric_add(&histogram->buckets[i], 1);
	metric_add(&histogram->sum, value);
}

/* ---- the numbers of a metric, one after the other ---- */

static size_t number_count(const struct metric *metric)
{
	size_t each = metric->type == METRIC_HISTOGRAM
			      ? sizeof(struct metric_histogram) /
					sizeof(_Atomic int64_t)
			      : 1;

	return metric->count * each;
}

static _Atomic int64_t *first_number(const struct metric *metric, void *of)
{
	return (_Atomic int64_t *)(void *)((char *)of + metric->offset);
}

static const _Atomic int64_t *first_const_number(const struct metric *metric,
						 const void *of)
{
	return (const _Atomic int64_t *)(const void *)((const char *)of +
						       metric->offset);
}

static void merge_metric(const struct metric *metric, void *to,
			 const void *from)
{
	_Atomic int64_t *into = first_number(metric, to);
	const _Atomic int64_t *what = first_const_number(metric, from);
	size_t i;

	for (i = 0; i < number_count(metric); i++) {
		int64_t n = metric_get(&what[i]);

		if (metric->type != METRIC_PEAK)
			metric_add_own(&into[i], n);
		else if (n > metric_get(&into[i]))
			metric_set(&into[i], n);
	}
}

void metric_merge(const struct metric_table *table, void *to, const void *from)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		merge_metric(&table->metrics[i], to, from);
}

void metric_forget(const struct metric_table *table, void *of)
{
	size_t i, n;

	for (i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];

		if (metric->type != METRIC_GAUGE && metric->type != METRIC_PEAK)
			continue;
		for (n = 0; n < number_count(metric); n++)
			metric_set(&first_number(metric, of)[n], 0);
	}
}

/* ---- text ---- */

/* Adds n / unit as an exact decimal. unit is a power of ten. */
static void add_number(struct buf *text, int64_t n, int64_t unit)
{
	int64_t rest = n % unit;

	buf_add_int(text, n / unit);
	if (rest == 0)
		return;
	buf_add_char(text, '.');
	while (rest != 0) {
		unit /= 10;
		buf_add_char(text, (char)('0' + rest / unit));
		rest %= unit;
	}
}

/* Adds a line's name and labels and the blank before its number. le is the
 * bound of a bucket, absent in all other lines. */
static void add_series(struct buf *text, const struct metric *metric,
		       const char *suffix, size_t series, struct span le)
{
	bool has_label = metric->label != NULL, has_le = le.ptr != NULL;

	buf_add_str(text, metric->name);
	buf_add_str(text, suffix);
	if (has_label || has_le)
		buf_add_char(text, '{');
	if (has_label)
		metric->label(text, series);
	if (has_label && has_le)
		buf_add_char(text, ',');
	if (has_le) {
		buf_add_str(text, "le=\"");
		buf_add_span(text, le);
		buf_add_char(text, '"');
	}
	if (has_label || has_le)
		buf_add_char(text, '}');
	buf_add_char(text, ' ');
}

static void add_sample(struct buf *text, const struct metric *metric,
		       const char *suffix, size_t series, int64_t n,
		       int64_t unit)
{
	add_series(text, metric, suffix, series, span_of(NULL, 0));
	add_number(text, n, unit);
	buf_add_char(text, '\n');
}

/* Buckets are cumulative. The count is that of the last bucket, so both agree
 * even if another thread observes a value meanwhile. */
static void add_histogram(struct buf *text, const struct metric *metric,
			  size_t series, const void *of)
{
	const void *first = (const char *)of + metric->offset;
	const struct metric_histogram *histogram = first;
	const struct metric_bounds *bounds = metric->bounds;
	struct buf le = BUF_INIT;
	int64_t count = 0;
	size_t i;

	histogram += series;
	for (i = 0; i <= bounds->count; i++) {
		buf_clear(&le);
		if (i < bounds->count)
			add_number(&le, bounds->at[i], bounds->unit);
		else
			buf_add_str(&le, "+Inf");
		count += metric_get(&histogram->buckets[i]);
		add_series(text, metric, "_bucket", series, buf_span(&le));
		buf_add_int(text, count);
		buf_add_char(text, '\n');
	}
	buf_release(&le);
	add_sample(text, metric, "_sum", series, metric_get(&histogram->sum),
		   bounds->unit);
	add_sample(text, metric, "_count", series, count, 1);
}

static void add_metric(struct buf *text, const struct metric *metric,
		       const void *of)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_PEAK] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	size_t i;

	buf_addf(text, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
		 metric->help, metric->name, types[metric->type]);
	for (i = 0; i < metric->count; i++) {
		if (metric->type == METRIC_HISTOGRAM)
			add_histogram(text, metric, i, of);
		else
			add_sample(
				text, metric, "", i,
				metric_get(&first_const_number(metric, of)[i]),
				1);
	}
}

void metric_render(const struct metric_table *table, const void *of,
		   struct buf *text)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		add_metric(text, &table->metrics[i], of);
}
