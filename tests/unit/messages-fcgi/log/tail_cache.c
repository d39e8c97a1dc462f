/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/tails: the newest rows of some channels.
 */
#include "messages-fcgi/log/tail_cache.h"

#include "tests/unit/unit.h"

#define EPOCH "e1"

static void add(struct tail_cache *tails, const char *channel, int64_t id,
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

	tail_cache_add(tails, "1", span_str(EPOCH), &event);
}

static void begin(struct tail_cache *tails, const char *channel, int64_t from)
{
	tail_cache_begin(tails, "1", span_str(channel), span_str(EPOCH), from);
}

/* The ids that come, with commas, and behind a blank the next. */
static const char *take(struct tail_cache *tails, const char *channel,
			int64_t from, int64_t to)
{
	static char got[4096];
	struct buf json = BUF_INIT;
	int64_t next = tail_cache_take(tails, "1", span_str(channel),
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

static void fill(struct tail_cache *tails, const char *channel, int64_t from,
		 int64_t to)
{
	for (; from <= to; from++)
		add(tails, channel, from, "t");
}

TEST(what_nobody_asked_for_is_not_kept)
{
	struct tail_cache *tails = tail_cache_new();

	fill(tails, "a", 1, 3);
	assert_string_equal(take(tails, "a", 1, 3), " 1");
	tail_cache_free(tails);
}

TEST(rows_come_as_they_were_read)
{
	struct tail_cache *tails = tail_cache_new();
	struct buf json = BUF_INIT;

	begin(tails, "a", 3);
	fill(tails, "a", 3, 4);
	assert_int_equal(tail_cache_take(tails, "1", span_str("a"),
					 span_str(EPOCH), 3, 9, &json),
			 5);
	assert_true(
		span_is(buf_span(&json),
			"{\"id\":3,\"name\":\"n\",\"text\":\"t\",\"time\":7},"
			"{\"id\":4,\"name\":\"n\",\"text\":\"t\",\"time\":7}"));
	buf_release(&json);
	tail_cache_free(tails);
}

TEST(only_what_is_asked_for_comes)
{
	struct tail_cache *tails = tail_cache_new();

	begin(tails, "a", 3);
	fill(tails, "a", 3, 8);
	assert_string_equal(take(tails, "a", 3, 8), "3,4,5,6,7,8 9");
	assert_string_equal(take(tails, "a", 5, 6), "5,6 7");
	assert_string_equal(take(tails, "a", 7, 12), "7,8 9");
	assert_string_equal(take(tails, "a", 2, 8), " 2");
	assert_string_equal(take(tails, "a", 9, 12), " 9");
	assert_string_equal(take(tails, "b", 3, 8), " 3");
	tail_cache_free(tails);
}

TEST(a_hole_is_never_kept)
{
	struct tail_cache *tails = tail_cache_new();

	begin(tails, "a", 1);
	fill(tails, "a", 1, 2);
	add(tails, "a", 4, "t"); /* another process has 3 */
	add(tails, "a", 2, "t"); /* read by two */
	assert_string_equal(take(tails, "a", 1, 4), "1,2 3");
	begin(tails, "a", 1); /* as it is: it only lacks its end */
	fill(tails, "a", 3, 5);
	assert_string_equal(take(tails, "a", 1, 5), "1,2,3,4,5 6");
	begin(tails, "a", 9); /* too far behind */
	assert_string_equal(take(tails, "a", 1, 5), " 1");
	tail_cache_free(tails);
}

TEST(each_epoch_has_rows_of_its_own)
{
	struct tail_cache *tails = tail_cache_new();
	struct buf json = BUF_INIT;
	const struct event other = { .channel = span_str("a"),
				     .id = 3,
				     .event = span_str("e"),
				     .data = span_str("d") };

	begin(tails, "a", 1);
	fill(tails, "a", 1, 2);
	tail_cache_add(tails, "1", span_str("e2"), &other);
	tail_cache_add(tails, "2", span_str(EPOCH), &other);
	assert_string_equal(take(tails, "a", 1, 3), "1,2 3");
	assert_int_equal(tail_cache_take(tails, "1", span_str("a"),
					 span_str("e2"), 1, 2, &json),
			 1);
	assert_int_equal(tail_cache_take(tails, "2", span_str("a"),
					 span_str(EPOCH), 1, 2, &json),
			 1);
	tail_cache_begin(tails, "1", span_str("a"), span_str("e2"), 3);
	tail_cache_add(tails, "1", span_str("e2"), &other);
	assert_int_equal(tail_cache_take(tails, "1", span_str("a"),
					 span_str("e2"), 3, 3, &json),
			 4);
	assert_string_equal(take(tails, "a", 1, 2), " 1");
	buf_release(&json);
	tail_cache_free(tails);
}

TEST(the_oldest_rows_make_room)
{
	struct tail_cache *tails = tail_cache_new();
	static char text[TAIL_CACHE_BYTES_MAX / 4];
	int64_t id;

	begin(tails, "a", 1);
	fill(tails, "a", 1, 3 * TAIL_CACHE_ROWS_MAX);
	assert_string_equal(take(tails, "a", 2 * TAIL_CACHE_ROWS_MAX, 9999),
			    " 512");
	assert_string_equal(take(tails, "a", 3 * TAIL_CACHE_ROWS_MAX, 9999),
			    "768 769");
	memset(text, 'x', sizeof(text) - 1);
	for (id = 769; id < 800; id++)
		add(tails, "a", id, text);
	assert_string_equal(take(tails, "a", 796, 999), " 796");
	assert_string_equal(take(tails, "a", 797, 999), "797,798,799 800");
	tail_cache_free(tails);
}

TEST(a_row_that_is_too_long_leaves_none)
{
	struct tail_cache *tails = tail_cache_new();
	static char text[2 * TAIL_CACHE_BYTES_MAX];

	memset(text, 'x', sizeof(text) - 1);
	begin(tails, "a", 1);
	add(tails, "a", 1, "t");
	add(tails, "a", 2, text);
	assert_string_equal(take(tails, "a", 2, 2), " 2");
	add(tails, "a", 3, "t");
	assert_string_equal(take(tails, "a", 3, 3), "3 4");
	tail_cache_free(tails);
}

TEST(the_channel_that_was_not_used_for_longest_goes)
{
	struct tail_cache *tails = tail_cache_new();
	char name[16];
	int i;

	for (i = 0; i < TAIL_CACHE_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		begin(tails, name, 1);
		add(tails, name, 1, "t");
	}
	assert_string_equal(take(tails, "c0", 1, 1), "1 2");
	begin(tails, "new", 1);
	add(tails, "new", 1, "t");
	assert_string_equal(take(tails, "c0", 1, 1), "1 2");
	assert_string_equal(take(tails, "c1", 1, 1), " 1");
	assert_string_equal(take(tails, "new", 1, 1), "1 2");
	tail_cache_free(tails);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_asked_for_is_not_kept),
		cmocka_unit_test(rows_come_as_they_were_read),
		cmocka_unit_test(only_what_is_asked_for_comes),
		cmocka_unit_test(a_hole_is_never_kept),
		cmocka_unit_test(each_epoch_has_rows_of_its_own),
		cmocka_unit_test(the_oldest_rows_make_room),
		cmocka_unit_test(a_row_that_is_too_long_leaves_none),
		cmocka_unit_test(
			the_channel_that_was_not_used_for_longest_goes),
	};

	return cmocka_run_group_tests_name("tails", tests, NULL, NULL);
}
