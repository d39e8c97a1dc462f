/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/http/etag: If-None-Match as RFC 9110 § 13.1.2 has it.
 */
#include "messages-fcgi/http/etag.h"

#include "tests/unit/unit.h"

#define TAG "\"e-1-41\""

static bool matches(struct span header)
{
	struct span box = boxed(header);
	bool result = etag_matches(box, SPAN(TAG));

	unbox(box);
	return result;
}

#define assert_match(literal) assert_true(matches(SPAN(literal)))
#define assert_no_match(literal) assert_false(matches(SPAN(literal)))

TEST(a_list_that_names_the_tag_matches)
{
	assert_match(TAG);
	assert_match(" " TAG "\t");
	assert_match("\"a\", " TAG);
	assert_match("\"a\"," TAG ",\"b\"");
	assert_match(",, " TAG ",");
	/* two tags need no comma between them */
	assert_match("\"\"" TAG);
	assert_match("\"a,b\", " TAG);
}

TEST(a_weak_tag_matches_too)
{
	assert_match("W/" TAG);
	assert_match("W/\"a\", W/" TAG);
	assert_no_match("w/" TAG);
	assert_no_match("W/ " TAG);
	assert_no_match("W" TAG);
}

TEST(a_star_matches_alone)
{
	assert_match("*");
	assert_match(" * ");
	assert_no_match("*" TAG);
	assert_no_match("**");
}

TEST(another_tag_does_not_match)
{
	assert_no_match("\"e-1-42\"");
	assert_no_match("\"e-1-4\"");
	assert_no_match("\"e-1-411\"");
	assert_no_match("\"E-1-41\"");
	assert_no_match("\"\"");
	assert_no_match("\"x" TAG);
	assert_no_match("\"a\", \"*\"");
}

TEST(a_malformed_list_does_not_match)
{
	assert_no_match("");
	assert_no_match(" ");
	assert_no_match("e-1-41");
	assert_no_match("\"");
	assert_no_match("\"e-1-41");
	assert_no_match("e-1-41\"");
	assert_no_match("W/");
	assert_no_match("W");
	/* nothing behind it counts */
	assert_no_match("a, " TAG);
	assert_no_match("\"a\"; " TAG);
	assert_match(TAG " a");
	assert_false(etag_matches(span_of(NULL, 0), SPAN(TAG)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_names_the_tag_matches),
		cmocka_unit_test(a_weak_tag_matches_too),
		cmocka_unit_test(a_star_matches_alone),
		cmocka_unit_test(another_tag_does_not_match),
		cmocka_unit_test(a_malformed_list_does_not_match),
	};

	return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
