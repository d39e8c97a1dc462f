/* SPDX-License-Identifier: MIT
 *
 * relay/hint: what the roster script says, and what it would never say.
 */
#include "relay/hint.h"

#include "tests/unit/unit.h"

TEST(what_the_script_says_is_understood)
{
	struct hint hint;

	assert_int_equal(hint_parse(SPAN("members 1:presence-a"), &hint), 0);
	assert_int_equal(hint.kind, HINT_MEMBERS);
	assert_span(hint.key, SPAN("1:presence-a"));
	assert_int_equal(hint_parse(SPAN("count 1:a 12"), &hint), 0);
	assert_int_equal(hint.kind, HINT_COUNT);
	assert_span(hint.key, SPAN("1:a"));
	assert_int_equal(hint.n, 12);
	assert_int_equal(hint_parse(SPAN("user 1 0 a b"), &hint), 0);
	assert_int_equal(hint.kind, HINT_USER);
	assert_span(hint.app, SPAN("1"));
	assert_span(hint.user, SPAN("a b"));
	assert_int_equal(hint.n, 0);
	assert_int_equal(hint_parse(SPAN("terminate 1 a b "), &hint), 0);
	assert_int_equal(hint.kind, HINT_TERMINATE);
	assert_span(hint.user, SPAN("a b "));
}

TEST(what_somebody_else_says_is_not)
{
	static const char *const wrong[] = {
		"",
		" ",
		"members",
		"more 1 a",
		"count 1:a x",
		"count 1:a",
		"count",
		"user 1 x a",
		"user 1",
		"terminated 1 a",
	};
	struct hint hint;
	size_t i;

	for (i = 0; i < COUNT(wrong); i++) {
		struct span text = boxed(span_str(wrong[i]));

		/* or it is of a channel or a user that there is not */
		if (hint_parse(text, &hint) == 0)
			assert_int_equal(hint.key.len + hint.user.len, 0);
		unbox(text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_script_says_is_understood),
		cmocka_unit_test(what_somebody_else_says_is_not),
	};

	return cmocka_run_group_tests_name("hint", tests, NULL, NULL);
}
