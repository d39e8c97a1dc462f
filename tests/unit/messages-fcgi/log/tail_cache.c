/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/tail_cache: the newest rows of some channels.
 */
#include "messages-fcgi/log/tail_cache.h"

#include "tests/unit/unit.h"

#define EPOCH "e1"

static void add_row(struct tail_cache *cache, const char *channel, int64_t id,
		    const char *text)
{
	const struct event event = {
		.channel = span_str(channel),
		.id = id,
		.time_ms = 7,
		.event = span_str(EVENT_NEW_MESSAGE),
		.name = span_str("n"),
		.text = span_str(text),
	};

	tail_cache_add(cache, "1", span_str(EPOCH), &event);
}

static void begin_rows(struct tail_cache *cache, const char *channel,
		       int64_t from)
{
	tail_cache_begin(cache, "1", span_str(channel), span_str(EPOCH), from);
}

/* The ids of the rows, with commas, then a blank and the next id. */
static const char *take_ids(struct tail_cache *cache, const char *channel,
			    int64_t from, int64_t to)
{
	static char got[4096];
	struct buf json = BUF_INIT;
	int64_t next = tail_cache_take(cache, "1", span_str(channel),
				       span_str(EPOCH), from, to, &json);
	size_t len = 0, at;
	const char *id;

	for (at = 0; at + 6 < json.len; at++)
		if (memcmp(json.data + at, "{\"id\":", 6) == 0 &&
		    (at == 0 || json.data[at - 1] == ',')) {
			id = json.data + at + 6;
			len += (size_t)snprintf(got + len, sizeof(got) - len,
						"%s%ld", len ? "," : "",
						strtol(id, NULL, 10));
		}
	if (json.len > 0)
		assert_int_equal(json.data[json.len - 1], '}');
	snprintf(got + len, sizeof(got) - len, " %ld", (long)next);
	buf_release(&json);
	return got;
}

static void add_rows(struct tail_cache *cache, const char *channel,
		     int64_t from, int64_t to)
{
	for (; from <= to; from++)
		add_row(cache, channel, from, "t");
}

TEST(only_channels_that_were_begun_are_cached)
{
	struct tail_cache *cache = tail_cache_new();

	add_rows(cache, "a", 1, 3);
	assert_string_equal(take_ids(cache, "a", 1, 3), " 1");
	tail_cache_free(cache);
}

TEST(rows_are_joined_with_commas)
{
	struct tail_cache *cache = tail_cache_new();
	struct buf json = BUF_INIT;

	begin_rows(cache, "a", 3);
	add_rows(cache, "a", 3, 4);
	assert_int_equal(tail_cache_take(cache, "1", span_str("a"),
					 span_str(EPOCH), 3, 9, &json),
			 5);
	assert_true(
		span_is(buf_span(&json),
			"{\"id\":3,\"name\":\"n\",\"text\":\"t\",\"time\":7},"
			"{\"id\":4,\"name\":\"n\",\"text\":\"t\",\"time\":7}"));
	buf_release(&json);
	tail_cache_free(cache);
}

TEST(a_range_gives_its_cached_rows_alone)
{
	struct tail_cache *cache = tail_cache_new();

	begin_rows(cache, "a", 3);
	add_rows(cache, "a", 3, 8);
	assert_string_equal(take_ids(cache, "a", 3, 8), "3,4,5,6,7,8 9");
	assert_string_equal(take_ids(cache, "a", 5, 6), "5,6 7");
	assert_string_equal(take_ids(cache, "a", 7, 12), "7,8 9");
	assert_string_equal(take_ids(cache, "a", 2, 8), " 2");
	assert_string_equal(take_ids(cache, "a", 9, 12), " 9");
	assert_string_equal(take_ids(cache, "b", 3, 8), " 3");
	tail_cache_free(cache);
}

TEST(the_cache_has_no_holes)
{
	struct tail_cache *cache = tail_cache_new();

	begin_rows(cache, "a", 1);
	add_rows(cache, "a", 1, 2);
	add_row(cache, "a", 4, "t"); /* another process committed 3 */
	add_row(cache, "a", 2, "t"); /* two requests read it */
	assert_string_equal(take_ids(cache, "a", 1, 4), "1,2 3");
	begin_rows(cache, "a", 1); /* keeps the rows: only the end is missing */
	add_rows(cache, "a", 3, 5);
	assert_string_equal(take_ids(cache, "a", 1, 5), "1,2,3,4,5 6");
	begin_rows(cache, "a", 9); /* the cached rows end before it */
	assert_string_equal(take_ids(cache, "a", 1, 5), " 1");
	tail_cache_free(cache);
}

TEST(rows_of_different_epochs_and_apps_are_separate)
{
	struct tail_cache *cache = tail_cache_new();
	struct buf json = BUF_INIT;
	const struct event other = { .channel = span_str("a"),
				     .id = 3,
				     .event = span_str("e"),
				     .data = span_str("d") };

	begin_rows(cache, "a", 1);
	add_rows(cache, "a", 1, 2);
	tail_cache_add(cache, "1", span_str("e2"), &other);
	tail_cache_add(cache, "2", span_str(EPOCH), &other);
	assert_string_equal(take_ids(cache, "a", 1, 3), "1,2 3");
	assert_int_equal(tail_cache_take(cache, "1", span_str("a"),
					 span_str("e2"), 1, 2, &json),
			 1);
	assert_int_equal(tail_cache_take(cache, "2", span_str("a"),
					 span_str(EPOCH), 1, 2, &json),
			 1);
	tail_cache_begin(cache, "1", span_str("a"), span_str("e2"), 3);
	tail_cache_add(cache, "1", span_str("e2"), &other);
	assert_int_equal(tail_cache_take(cache, "1", span_str("a"),
					 span_str("e2"), 3, 3, &json),
			 4);
	assert_string_equal(take_ids(cache, "a", 1, 2), " 1");
	buf_release(&json);
	tail_cache_free(cache);
}

TEST(the_oldest_rows_are_dropped_first)
{
	struct tail_cache *cache = tail_cache_new();
	static char text[TAIL_CACHE_BYTES_MAX / 4];
	int64_t id;

	begin_rows(cache, "a", 1);
	add_rows(cache, "a", 1, 3 * TAIL_CACHE_ROWS_MAX);
	assert_string_equal(take_ids(cache, "a", 2 * TAIL_CACHE_ROWS_MAX, 9999),
			    " 512");
	assert_string_equal(take_ids(cache, "a", 3 * TAIL_CACHE_ROWS_MAX, 9999),
			    "768 769");
	memset(text, 'x', sizeof(text) - 1);
	for (id = 769; id < 800; id++)
		add_row(cache, "a", id, text);
	assert_string_equal(take_ids(cache, "a", 796, 999), " 796");
	assert_string_equal(take_ids(cache, "a", 797, 999), "797,798,799 800");
	tail_cache_free(cache);
}

TEST(a_row_over_the_limit_empties_its_channel)
{
	struct tail_cache *cache = tail_cache_new();
	static char text[2 * TAIL_CACHE_BYTES_MAX];

	memset(text, 'x', sizeof(text) - 1);
	begin_rows(cache, "a", 1);
	add_row(cache, "a", 1, "t");
	add_row(cache, "a", 2, text);
	assert_string_equal(take_ids(cache, "a", 2, 2), " 2");
	add_row(cache, "a", 3, "t");
	assert_string_equal(take_ids(cache, "a", 3, 3), "3 4");
	tail_cache_free(cache);
}

TEST(the_least_recently_used_channel_is_dropped)
{
	struct tail_cache *cache = tail_cache_new();
	char name[16];
	int i;

	for (i = 0; i < TAIL_CACHE_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		begin_rows(cache, name, 1);
		add_row(cache, name, 1, "t");
	}
	assert_string_equal(take_ids(cache, "c0", 1, 1), "1 2");
	begin_rows(cache, "new", 1);
	add_row(cache, "new", 1, "t");
	assert_string_equal(take_ids(cache, "c0", 1, 1), "1 2");
	assert_string_equal(take_ids(cache, "c1", 1, 1), " 1");
	assert_string_equal(take_ids(cache, "new", 1, 1), "1 2");
	tail_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_channels_that_were_begun_are_cached),
		cmocka_unit_test(rows_are_joined_with_commas),
		cmocka_unit_test(a_range_gives_its_cached_rows_alone),
		cmocka_unit_test(the_cache_has_no_holes),
		cmocka_unit_test(
			rows_of_different_epochs_and_apps_are_separate),
		cmocka_unit_test(the_oldest_rows_are_dropped_first),
		cmocka_unit_test(a_row_over_the_limit_empties_its_channel),
		cmocka_unit_test(the_least_recently_used_channel_is_dropped),
	};

	return cmocka_run_group_tests_name("tail_cache", tests, NULL, NULL);
}
