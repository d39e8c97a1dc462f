/* SPDX-License-Identifier: MIT
 *
 * relay/roster_hint: the messages of the roster script, and malformed ones.
 */
#include "relay/protocol/roster_hint.h"

#include "tests/unit/unit.h"

TEST(hints_of_the_script_are_decoded)
{
	struct roster_hint hint;

	assert_int_equal(roster_hint_parse(SPAN("members 1:presence-a"), &hint),
			 0);
	assert_int_equal(hint.kind, ROSTER_HINT_MEMBERS);
	assert_span(hint.key, SPAN("1:presence-a"));
	assert_int_equal(roster_hint_parse(SPAN("count 1:a 12"), &hint), 0);
	assert_int_equal(hint.kind, ROSTER_HINT_COUNT);
	assert_span(hint.key, SPAN("1:a"));
	assert_int_equal(hint.n, 12);
	assert_int_equal(
		roster_hint_parse(SPAN("count 1:#server-to-user-a b 3"), &hint),
		0);
	assert_span(hint.key, SPAN("1:#server-to-user-a b"));
	assert_int_equal(hint.n, 3);
	assert_int_equal(roster_hint_parse(SPAN("offline 1:a b"), &hint), 0);
	assert_int_equal(hint.kind, ROSTER_HINT_USER);
	assert_span(hint.key, SPAN("1:a b"));
	assert_int_equal(hint.n, 0);
	assert_int_equal(roster_hint_parse(SPAN("online 1:a b"), &hint), 0);
	assert_int_equal(hint.n, 1);
	assert_int_equal(roster_hint_parse(SPAN("terminate 1:a b "), &hint), 0);
	assert_int_equal(hint.kind, ROSTER_HINT_TERMINATE);
	assert_span(hint.key, SPAN("1:a b "));
}

TEST(other_messages_are_refused)
{
	static const char *const wrong[] = {
		"",      " ",         "members",     "more 1:a",
		"count", "count 1:a", "count 1:a x", "terminated 1:a",
	};
	struct roster_hint hint;
	size_t i;

	for (i = 0; i < COUNT(wrong); i++) {
		struct span text = boxed(span_str(wrong[i]));

		assert_int_equal(roster_hint_parse(text, &hint), -1);
		unbox(text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints_of_the_script_are_decoded),
		cmocka_unit_test(other_messages_are_refused),
	};

	return cmocka_run_group_tests_name("roster_hint", tests, NULL, NULL);
}
