/* SPDX-License-Identifier: MIT
 *
 * common/base/span: absent differs from empty, and bytes beyond the end are not
 * read.
 */
#include "tests/unit/unit.h"

static const struct span absent = { NULL, 0 };

TEST(absent_and_empty_differ)
{
	assert_true(span_equal(absent, absent));
	assert_true(span_equal(SPAN(""), SPAN("")));
	assert_false(span_equal(absent, SPAN("")));
	assert_false(span_is(absent, ""));
	assert_true(span_is(SPAN(""), ""));
	assert_null(span_str(NULL).ptr);
	assert_int_equal(span_str(NULL).len, 0);
	assert_non_null(span_str("").ptr);
}

TEST(equality_compares_every_byte_and_the_length)
{
	assert_true(span_is(span_of("abcd", 3), "abc"));
	assert_false(span_is(SPAN("abc"), "ab"));
	assert_false(span_is(SPAN("ab"), "abc"));
	assert_false(span_is(SPAN("a\0b"), "a"));
	assert_true(span_equal(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
	assert_false(span_equal(SPAN("ab"), SPAN("abc")));
}

TEST(a_prefix_is_no_longer_than_the_span)
{
	struct span s = boxed(SPAN("private"));

	assert_true(span_starts(s, ""));
	assert_true(span_starts(s, "private"));
	assert_false(span_starts(s, "private-"));
	assert_false(span_starts(s, "Private"));
	unbox(s);
	assert_false(span_starts(absent, "a"));
	assert_true(span_starts(absent, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_and_empty_differ),
		cmocka_unit_test(equality_compares_every_byte_and_the_length),
		cmocka_unit_test(a_prefix_is_no_longer_than_the_span),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
