/* SPDX-License-Identifier: MIT
 *
 * common/base/buf: the added bytes survive every growth.
 */
#include "common/base/buf.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

TEST(a_new_buf_is_empty_and_adding_nothing_keeps_it_so)
{
	struct buf buf = BUF_INIT;

	buf_add(&buf, NULL, 0);
	buf_add(&buf, "", 0);
	buf_add_span(&buf, span_of(NULL, 0));
	buf_drop(&buf, 0);
	buf_reserve(&buf, 0);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_span(&buf).len, 0);
	buf_release(&buf);
}

TEST(bytes_survive_every_growth)
{
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < 100000; i++)
		buf_add_char(&buf, (char)(i * 7));
	assert_int_equal(buf.len, 100000);
	assert_true(buf.cap >= buf.len);
	for (i = 0; i < 100000; i++)
		if (buf.data[i] != (char)(i * 7))
			fail_msg("byte %zu", i);
	buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.cap, 0);

	buf_add_str(&buf, "again");
	assert_buf(&buf, "again");
	buf_release(&buf);
	buf_release(&buf);
}

TEST(all_of_the_reserved_room_is_writable)
{
	struct buf buf = BUF_INIT;
	size_t len;

	for (len = 0; len < 300; len++) {
		buf_add(&buf, "x", 1);
		/* the address sanitizer detects writes beyond it */
		memset(buf_reserve(&buf, len), 'r', len);
		assert_int_equal(buf.len, 1);
		assert_int_equal(buf.data[0], 'x');
		buf_release(&buf);
	}
}

TEST(formatted_text_fits_at_every_length)
{
	char want[400];
	struct buf buf = BUF_INIT;
	int len;

	memset(want, 'f', sizeof(want));
	for (len = 0; len < (int)sizeof(want); len++) {
		buf_add_char(&buf, '<');
		buf_addf(&buf, "%.*s", len, want);
		buf_add_char(&buf, '>');
		assert_int_equal(buf.len, len + 2);
		assert_memory_equal(buf.data + 1, want, len);
		assert_int_equal(buf.data[len + 1], '>');
		buf_release(&buf);
	}
}

TEST(numbers_are_written_as_printf_writes_them)
{
	static const int64_t numbers[] = {
		0,
		1,
		-1,
		9,
		10,
		-10,
		99,
		100,
		1795453367656,
		INT64_MAX,
		INT64_MAX - 1,
		INT64_MIN,
		INT64_MIN + 1,
		INT32_MIN,
		UINT32_MAX,
		-9223372036854775807,
	};
	struct buf buf = BUF_INIT;
	char want[32];
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		snprintf(want, sizeof(want), "%" PRId64, numbers[i]);
		buf_add_int(&buf, numbers[i]);
		assert_span(buf_span(&buf), span_str(want));
		buf_clear(&buf);
	}
	buf_release(&buf);
}

TEST(dropping_takes_from_the_front)
{
	struct buf buf = BUF_INIT;

	buf_add_str(&buf, "headtail");
	buf_drop(&buf, 0);
	assert_span(buf_span(&buf), SPAN("headtail"));
	buf_drop(&buf, 4);
	assert_span(buf_span(&buf), SPAN("tail"));
	buf_add_str(&buf, "s");
	assert_span(buf_span(&buf), SPAN("tails"));
	buf_drop(&buf, 5);
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_new_buf_is_empty_and_adding_nothing_keeps_it_so),
		cmocka_unit_test(bytes_survive_every_growth),
		cmocka_unit_test(all_of_the_reserved_room_is_writable),
		cmocka_unit_test(formatted_text_fits_at_every_length),
		cmocka_unit_test(numbers_are_written_as_printf_writes_them),
		cmocka_unit_test(dropping_takes_from_the_front),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
