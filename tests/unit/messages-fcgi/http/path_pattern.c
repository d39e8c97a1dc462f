/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/http/path_pattern: a pattern matches whole paths, part by part.
 */
#include "messages-fcgi/http/path_pattern.h"

#include "tests/unit/unit.h"

static bool matches(const char *path, const char *form)
{
	struct path_pattern_parts parts;
	struct span box = boxed(span_str(path));
	bool result = path_pattern_match(box, form, &parts);

	unbox(box);
	return result;
}

TEST(a_form_without_asterisks_is_the_path)
{
	assert_true(matches("/messages", "/messages"));
	assert_false(matches("/messages/", "/messages"));
	assert_false(matches("/message", "/messages"));
	assert_false(matches("", "/messages"));
}

TEST(an_asterisk_is_a_part_that_is_not_empty)
{
	assert_true(matches("/apps/3/events", "/apps/*/events"));
	assert_false(matches("/apps//events", "/apps/*/events"));
	assert_false(matches("/apps/3/4/events", "/apps/*/events"));
	assert_false(matches("/apps/3/events/", "/apps/*/events"));
	assert_false(matches("/apps/3", "/apps/*/events"));
	assert_true(matches("/a/b", "/a/*"));
	assert_false(matches("/a/", "/a/*"));
}

TEST(two_asterisks_are_whatever_stands_before_the_end)
{
	const char *form = "/apps/*/users/**/end";
	struct path_pattern_parts parts;

	assert_true(path_pattern_match(SPAN("/apps/3/users//a//end/b//end"),
				       form, &parts));
	assert_span(parts.parts[0], SPAN("3"));
	assert_span(parts.parts[1], SPAN("/a//end/b/"));
	assert_true(matches("/apps/3/users/a/end", form));
	assert_false(matches("/apps/3/users//end", form));
	assert_false(matches("/apps/3/users/end", form));
	assert_false(matches("/apps/3/users/a/end/", form));
	assert_false(matches("/apps/3/4/users/a/end", form));
	assert_false(matches("/apps/3/users/", form));
	assert_true(matches("/a/b/c", "/a/**"));
}

TEST(the_parts_are_returned)
{
	struct path_pattern_parts parts;

	assert_true(path_pattern_match(SPAN("/apps/3/channels/a@b/events"),
				       "/apps/*/channels/*/events", &parts));
	assert_span(parts.parts[0], SPAN("3"));
	assert_span(parts.parts[1], SPAN("a@b"));
	assert_true(path_pattern_match(SPAN("/x"), "/x", &parts));
	assert_null(parts.parts[0].ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_without_asterisks_is_the_path),
		cmocka_unit_test(an_asterisk_is_a_part_that_is_not_empty),
		cmocka_unit_test(
			two_asterisks_are_whatever_stands_before_the_end),
		cmocka_unit_test(the_parts_are_returned),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
