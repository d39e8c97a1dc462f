/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/range: every query of a short log, compared with a filter
 * of its rows, and the limits of 64 bits.
 */
#include "messages-fcgi/api/range.h"

#include "tests/unit/unit.h"

/* ---- reading the query ---- */

static int parse(struct range_query *query, const char *s,
		 struct problem *problem)
{
	static struct form form = FORM_INIT; /* until the next call */
	const char *why;

	form_release(&form);
	assert_int_equal(form_parse_urlencoded(&form, span_str(s), &why), 0);
	return range_parse(query, &form, problem);
}

TEST(parameters_are_read)
{
	struct range_query query;
	struct problem problem;

	assert_int_equal(parse(&query, "", &problem), 0);
	assert_false(query.has_after || query.has_until || query.has_before ||
		     query.has_limit);
	assert_null(query.epoch.ptr);
	assert_int_equal(parse(&query,
			       "after_id=-3&until_id=9223372036854775807"
			       "&before_id=0&limit=1000&epoch=&other=x",
			       &problem),
			 0);
	assert_true(query.has_after && query.has_until && query.has_before &&
		    query.has_limit);
	assert_int_equal(query.after_id, -3);
	assert_true(query.until_id == INT64_MAX);
	assert_int_equal(query.before_id, 0);
	assert_int_equal(query.limit, 1000);
	assert_span(query.epoch, SPAN(""));
	assert_int_equal(
		parse(&query, "after_id=1&after_id=x&limit=1", &problem), 0);
	assert_int_equal(query.after_id, 1);
}

TEST(a_malformed_number_is_a_400_that_names_it)
{
	static const char *const names[] = { "after_id", "until_id",
					     "before_id", "limit" };
	static const char *const bad[] = { "",    "x",   "1.0",
					   "1e3", "+1",  "9223372036854775808",
					   "%00", "1%20" };
	struct range_query query;
	struct problem problem;
	char s[64];
	size_t i, j;

	for (i = 0; i < COUNT(names); i++)
		for (j = 0; j < COUNT(bad); j++) {
			snprintf(s, sizeof(s), "epoch=e&%s=%s", names[i],
				 bad[j]);
			assert_int_equal(parse(&query, s, &problem), -1);
			assert_int_equal(problem.status, 400);
			assert_string_equal(problem.param, names[i]);
		}
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			parse(&query, i ? "limit=0" : "limit=1001", &problem),
			-1);
		assert_int_equal(problem.status, 400);
		assert_string_equal(problem.param, "limit");
	}
	assert_int_equal(parse(&query, "limit=-1", &problem), -1);
}

/* ---- against a model ---- */

/* API.md, a row at a time. 0 or the status; the ids are those of bits set in
 * *rows. */
static int model(const struct range_query *q, const struct range_log *log,
		 uint32_t *rows, bool *has_more)
{
	int64_t id, count = 0, kept;

	*rows = 0;
	*has_more = false;
	if (q->epoch.ptr != NULL && !span_equal(q->epoch, log->epoch))
		return 409;
	if (q->has_after && q->after_id > log->head)
		return 409;
	if (q->has_after && q->after_id > 0 && q->after_id < log->first_id - 1)
		return 410;
	for (id = log->first_id; id <= log->head; id++)
		if ((!q->has_after || id > q->after_id) &&
		    (!q->has_until || id <= q->until_id) &&
		    (!q->has_before || id < q->before_id)) {
			*rows |= 1U << id;
			count++;
		}
	kept = q->has_limit && q->limit < count ? q->limit : count;
	*has_more = kept < count;
	/* drop from the end that is further from the cursor */
	for (; count > kept; count--)
		*rows &= q->has_after ? ~(1U << (31 - __builtin_clz(*rows)))
				      : *rows - 1;
	return 0;
}

/* An answer that is closed must stay the same whatever the log becomes. */
static void check_closed(const struct range_query *q,
			 const struct range_log *log, uint32_t rows)
{
	struct range_log later = *log;
	bool has_more;
	uint32_t rows_later;

	for (later.head = log->head; later.head < log->head + 3; later.head++) {
		assert_int_equal(model(q, &later, &rows_later, &has_more), 0);
		assert_int_equal(rows_later, rows);
	}
}

static void check(const struct range_query *q, const struct range_log *log)
{
	struct problem problem = { 0 };
	struct range range;
	uint32_t want_rows, rows = 0;
	bool want_more;
	int64_t id;
	int want = model(q, log, &want_rows, &want_more);

	if (range_resolve(&range, q, log, &problem) == -1) {
		assert_int_equal(problem.status, want);
		return;
	}
	assert_int_equal(want, 0);
	for (id = range.from; id <= range.to; id++) {
		assert_in_range(id, 1, 31);
		rows |= 1U << id;
	}
	assert_int_equal(rows, want_rows);
	assert_int_equal(range.has_more, want_more);
	if (range.is_closed)
		check_closed(q, log, rows);
	/* and it is closed when it can be: all that lies between two cursors,
	 * from a position that was not trimmed */
	assert_int_equal(range.is_closed,
			 q->has_after && q->has_until && q->epoch.ptr != NULL &&
				 q->until_id <= log->head && !want_more &&
				 (q->after_id > 0 || log->first_id == 1));
}

/* -2 stands for a number that is not given. */
static int64_t given(int64_t n, bool *has)
{
	*has = n != -2;
	return *has ? n : 0;
}

/* All epochs and limits. */
static void check_cursors(const struct range_log *log, int64_t after,
			  int64_t until, int64_t before)
{
	static const int64_t limits[] = { -2, 1, 2, 3, 7, 1000 };
	const struct span epochs[] = { { NULL, 0 }, SPAN("e"), SPAN("f") };
	struct range_query q;
	size_t i, j;

	q.after_id = given(after, &q.has_after);
	q.until_id = given(until, &q.has_until);
	q.before_id = given(before, &q.has_before);
	for (i = 0; i < COUNT(limits); i++)
		for (j = 0; j < COUNT(epochs); j++) {
			q.limit = given(limits[i], &q.has_limit);
			q.epoch = epochs[j];
			check(&q, log);
		}
}

TEST(every_query_of_a_short_log_gets_the_rows_that_it_asks_for)
{
	int64_t first, head, after, until, before;

	/* first_id is 1 for an empty log, head + 1 when all is trimmed */
	for (first = 1; first <= 4; first++)
		for (head = first - 1; head <= 7; head++) {
			struct range_log log = { first, head, SPAN("e") };

			for (after = -2; after <= 9; after++)
				for (until = -2; until <= 9; until++)
					for (before = -2; before <= 9; before++)
						check_cursors(&log, after,
							      until, before);
		}
}

TEST(refusals_have_the_values_to_start_over)
{
	struct range_log log = { 10, 20, SPAN("e1") };
	struct range_query q = { .has_after = true, .after_id = 21 };
	struct problem problem;
	struct range range;

	assert_int_equal(range_resolve(&range, &q, &log, &problem), -1);
	assert_int_equal(problem.status, 409);
	assert_string_equal(problem.param, "after_id");
	assert_string_equal(problem.members, ",\"head\":20,\"epoch\":\"e1\"");
	q.after_id = 8;
	assert_int_equal(range_resolve(&range, &q, &log, &problem), -1);
	assert_int_equal(problem.status, 410);
	assert_string_equal(problem.param, "after_id");
	assert_string_equal(problem.members, ",\"first_id\":10");
	/* an epoch that is over makes all numbers meaningless */
	q.epoch = SPAN("e0");
	assert_int_equal(range_resolve(&range, &q, &log, &problem), -1);
	assert_int_equal(problem.status, 409);
	assert_string_equal(problem.param, "epoch");
	assert_string_equal(problem.members, ",\"head\":20,\"epoch\":\"e1\"");
	q = (struct range_query){ .has_after = true, .after_id = 9 };
	assert_int_equal(range_resolve(&range, &q, &log, &problem), 0);
}

/* Nothing overflows: the sanitizer is watching. */
static void check_extremes(const struct range_query *q, int64_t head)
{
	struct range_log log = { 1, head, SPAN("e") };
	struct problem problem;
	struct range range;

	if (range_resolve(&range, q, &log, &problem) == -1) {
		assert_true(q->after_id > head);
		return;
	}
	assert_true(range.to <= head);
	assert_true(range.to < range.from || range.from >= 1);
	if (q->has_limit && range.to >= range.from)
		assert_true(range.to - range.from < q->limit);
}

TEST(numbers_at_the_limits_of_64_bits_do_no_harm)
{
	static const int64_t ids[] = { INT64_MIN, INT64_MIN + 1, -1,       0,
				       1,         INT64_MAX - 1, INT64_MAX };
	/* a log has room for one more */
	static const int64_t heads[] = { 0, 1, 2000, INT64_MAX - 1 };
	size_t i, j, k, h;

	for (i = 0; i < COUNT(ids); i++)
		for (j = 0; j < COUNT(ids); j++)
			for (k = 0; k < COUNT(ids); k++)
				for (h = 0; h < COUNT(heads); h++) {
					struct range_query q = {
						true,   true,   true,
						true,   ids[i], ids[j],
						ids[k], 1000,   { NULL, 0 }
					};

					check_extremes(&q, heads[h]);
					q.has_limit = false;
					check_extremes(&q, heads[h]);
				}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_read),
		cmocka_unit_test(a_malformed_number_is_a_400_that_names_it),
		cmocka_unit_test(
			every_query_of_a_short_log_gets_the_rows_that_it_asks_for),
		cmocka_unit_test(refusals_have_the_values_to_start_over),
		cmocka_unit_test(numbers_at_the_limits_of_64_bits_do_no_harm),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
