/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/entry: which entries repeat each other.
 */
#include "messages-fcgi/log/entry.h"

#include "tests/unit/unit.h"

static struct entry entry(void)
{
	return (struct entry){
		.event = {
			.channel = SPAN("messages"),
			.event = SPAN(EVENT_NEW_MESSAGE),
			.name = SPAN("Ada"),
			.text = SPAN("hello"),
		},
		.key = "0123456789abcde",
	};
}

TEST(a_key_is_compared_within_its_channel)
{
	struct entry a = entry(), b = entry();

	assert_true(entry_has_same_key(&a, &b));
	b.event.text = SPAN("other");
	assert_true(entry_has_same_key(&a, &b));
	b.event.channel = SPAN("message");
	assert_false(entry_has_same_key(&a, &b));
	b = entry();
	b.key[0] ^= 1;
	assert_false(entry_has_same_key(&a, &b));
	b = entry();
	b.key[ENTRY_KEY_BYTES - 1] ^= 1;
	assert_false(entry_has_same_key(&a, &b));
	/* a key may contain NUL bytes */
	a.key[3] = b.key[3] = '\0';
	b.key[ENTRY_KEY_BYTES - 1] = a.key[ENTRY_KEY_BYTES - 1];
	assert_true(entry_has_same_key(&a, &b));
	b.key[4] ^= 1;
	assert_false(entry_has_same_key(&a, &b));
}

TEST(events_are_equal_if_all_fields_from_the_client_are)
{
	struct entry a = entry(), b = entry();
	struct span *const members[] = { &b.event.event, &b.event.name,
					 &b.event.text, &b.event.data,
					 &b.event.exclude };
	size_t i;

	/* the fields that the log sets are not compared */
	b.event.id = 7;
	b.event.time_ms = 9;
	b.outcome = ENTRY_CONFLICT;
	assert_true(entry_has_same_event(&a, &b));
	for (i = 0; i < COUNT(members); i++) {
		struct span saved = *members[i];

		*members[i] = SPAN("other");
		assert_false(entry_has_same_event(&a, &b));
		/* absent and empty differ, as null and '' do in SQL */
		*members[i] = saved.ptr == NULL ? SPAN("") : span_of(NULL, 0);
		assert_false(entry_has_same_event(&a, &b));
		*members[i] = saved;
		assert_true(entry_has_same_event(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_compared_within_its_channel),
		cmocka_unit_test(
			events_are_equal_if_all_fields_from_the_client_are),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
