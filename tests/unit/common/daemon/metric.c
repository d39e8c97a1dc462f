/* SPDX-License-Identifier: MIT
 *
 * common/daemon/metric: the rendered text, byte for byte, merging, and clearing
 * the numbers of an ended process.
 */
#include "common/daemon/metric.h"

#include "tests/unit/unit.h"

struct numbers {
	_Atomic int64_t posts, closed[2], open, highest;
	struct metric_histogram seconds[2], sizes;
};

static void add_cause(struct buf *buf, size_t series)
{
	buf_addf(buf, "cause=\"%s\"", series == 0 ? "peer" : "slow");
}

static void add_route(struct buf *buf, size_t series)
{
	buf_addf(buf, "route=\"%zu\"", series);
}

static const struct metric_bounds few_seconds = {
	.count = 3,
	.unit = 1000000,
	.at = { 100, 25000, 2500000 },
};

static const struct metric_bounds few_sizes = {
	.count = 2,
	.unit = 1,
	.at = { 1, 8 },
};

static const struct metric metrics[] = {
	{ .name = "x_posts_total",
	  .help = "posts",
	  .type = METRIC_COUNTER,
	  .offset = offsetof(struct numbers, posts),
	  .count = 1 },
	{ .name = "x_closed_total",
	  .help = "closed by cause",
	  .type = METRIC_COUNTER,
	  .offset = offsetof(struct numbers, closed),
	  .count = 2,
	  .label = add_cause },
	{ .name = "x_open",
	  .help = "open now",
	  .type = METRIC_GAUGE,
	  .offset = offsetof(struct numbers, open),
	  .count = 1 },
	{ .name = "x_highest_bytes",
	  .help = "highest",
	  .type = METRIC_PEAK,
	  .offset = offsetof(struct numbers, highest),
	  .count = 1 },
	{ .name = "x_duration_seconds",
	  .help = "time",
	  .type = METRIC_HISTOGRAM,
	  .offset = offsetof(struct numbers, seconds),
	  .count = 2,
	  .label = add_route,
	  .bounds = &few_seconds },
	{ .name = "x_size",
	  .help = "size",
	  .type = METRIC_HISTOGRAM,
	  .offset = offsetof(struct numbers, sizes),
	  .count = 1,
	  .bounds = &few_sizes },
};

static const struct metric_table table = { metrics, COUNT(metrics) };

static void expect_text(const struct numbers *numbers, const char *want)
{
	struct buf text = BUF_INIT;

	metric_render(&table, numbers, &text);
	assert_span(buf_span(&text), span_str(want));
	buf_release(&text);
}

TEST(numbers_are_rendered_in_the_format_of_prometheus)
{
	struct numbers numbers = { .posts = 0 };

	metric_add(&numbers.posts, 2);
	metric_add_own(&numbers.posts, 40);
	metric_add(&numbers.closed[1], 7);
	metric_add(&numbers.open, 3);
	metric_add(&numbers.open, -4);
	metric_set(&numbers.highest, INT64_MAX);
	metric_observe(&numbers.seconds[0], &few_seconds, 0);
	metric_observe(&numbers.seconds[0], &few_seconds, 100);
	metric_observe(&numbers.seconds[0], &few_seconds, 101);
	metric_observe(&numbers.seconds[0], &few_seconds, 2500001);
	metric_observe(&numbers.sizes, &few_sizes, 8);
	expect_text(&numbers,
		    "# HELP x_posts_total posts\n"
		    "# TYPE x_posts_total counter\n"
		    "x_posts_total 42\n"
		    "# HELP x_closed_total closed by cause\n"
		    "# TYPE x_closed_total counter\n"
		    "x_closed_total{cause=\"peer\"} 0\n"
		    "x_closed_total{cause=\"slow\"} 7\n"
		    "# HELP x_open open now\n"
		    "# TYPE x_open gauge\n"
		    "x_open -1\n"
		    "# HELP x_highest_bytes highest\n"
		    "# TYPE x_highest_bytes gauge\n"
		    "x_highest_bytes 9223372036854775807\n"
		    "# HELP x_duration_seconds time\n"
		    "# TYPE x_duration_seconds histogram\n"
		    "x_duration_seconds_bucket{route=\"0\",le=\"0.0001\"} 2\n"
		    "x_duration_seconds_bucket{route=\"0\",le=\"0.025\"} 3\n"
		    "x_duration_seconds_bucket{route=\"0\",le=\"2.5\"} 3\n"
		    "x_duration_seconds_bucket{route=\"0\",le=\"+Inf\"} 4\n"
		    "x_duration_seconds_sum{route=\"0\"} 2.500202\n"
		    "x_duration_seconds_count{route=\"0\"} 4\n"
		    "x_duration_seconds_bucket{route=\"1\",le=\"0.0001\"} 0\n"
		    "x_duration_seconds_bucket{route=\"1\",le=\"0.025\"} 0\n"
		    "x_duration_seconds_bucket{route=\"1\",le=\"2.5\"} 0\n"
		    "x_duration_seconds_bucket{route=\"1\",le=\"+Inf\"} 0\n"
		    "x_duration_seconds_sum{route=\"1\"} 0\n"
		    "x_duration_seconds_count{route=\"1\"} 0\n"
		    "# HELP x_size size\n"
		    "# TYPE x_size histogram\n"
		    "x_size_bucket{le=\"1\"} 0\n"
		    "x_size_bucket{le=\"8\"} 1\n"
		    "x_size_bucket{le=\"+Inf\"} 1\n"
		    "x_size_sum 8\n"
		    "x_size_count 1\n");
}

TEST(a_merge_adds_numbers_and_keeps_the_highest_peak)
{
	struct numbers all = { .posts = 0 }, one = { .posts = 1 }, two;

	metric_set(&one.open, 5);
	metric_set(&one.highest, 9);
	metric_observe(&one.sizes, &few_sizes, 100);
	two = one;
	metric_set(&two.highest, 4);
	metric_add(&two.closed[1], 2);
	metric_merge(&table, &all, &one);
	metric_merge(&table, &all, &two);
	assert_int_equal(metric_get(&all.posts), 2);
	assert_int_equal(metric_get(&all.closed[0]), 0);
	assert_int_equal(metric_get(&all.closed[1]), 2);
	assert_int_equal(metric_get(&all.open), 10);
	assert_int_equal(metric_get(&all.highest), 9);
	assert_int_equal(metric_get(&all.sizes.buckets[few_sizes.count]), 2);
	assert_int_equal(metric_get(&all.sizes.sum), 200);
}

TEST(forgetting_clears_gauges_and_keeps_counters)
{
	struct numbers numbers = { .posts = 3 };

	metric_set(&numbers.open, 5);
	metric_set(&numbers.highest, 9);
	metric_set(&numbers.closed[1], 2);
	metric_observe(&numbers.sizes, &few_sizes, 100);
	metric_forget(&table, &numbers);
	assert_int_equal(metric_get(&numbers.posts), 3);
	assert_int_equal(metric_get(&numbers.closed[1]), 2);
	assert_int_equal(metric_get(&numbers.open), 0);
	assert_int_equal(metric_get(&numbers.highest), 0);
	assert_int_equal(metric_get(&numbers.sizes.sum), 100);
}

static void expect_rising(const struct metric_bounds *bounds)
{
	size_t i;

	assert_in_range(bounds->count, 1, METRIC_BOUNDS_MAX);
	for (i = 1; i < bounds->count; i++)
		assert_true(bounds->at[i - 1] < bounds->at[i]);
}

TEST(bounds_are_ascending)
{
	expect_rising(&metric_seconds);
	expect_rising(&metric_sizes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			numbers_are_rendered_in_the_format_of_prometheus),
		cmocka_unit_test(
			a_merge_adds_numbers_and_keeps_the_highest_peak),
		cmocka_unit_test(forgetting_clears_gauges_and_keeps_counters),
		cmocka_unit_test(bounds_are_ascending),
	};

	return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
