/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/stuck: a channel that somebody holds locked is suspected,
 * refused, probed, forgotten.
 */
#include "messages-fcgi/log/stuck.h"

#include "tests/unit/unit.h"

static struct span name_of(char name[32], int i)
{
	return span_of(name, (size_t)snprintf(name, 32, "channel-%d", i));
}

TEST(a_channel_goes_through_its_states)
{
	static struct stuck stuck;
	struct span c = SPAN("c");

	assert_int_equal(stuck_find(&stuck, c, 0), STUCK_NO);
	assert_false(stuck_forget(&stuck, c));
	stuck_suspect(&stuck, c);
	assert_int_equal(stuck_find(&stuck, c, 0), STUCK_PROBE);
	/* a suspicion that turns out wrong is nothing to tell */
	assert_false(stuck_forget(&stuck, c));
	assert_int_equal(stuck_find(&stuck, c, 0), STUCK_NO);

	stuck_suspect(&stuck, c);
	assert_true(stuck_refuse(&stuck, c, 1000));
	assert_int_equal(stuck_find(&stuck, c, 0), STUCK_REFUSE);
	assert_int_equal(stuck_find(&stuck, c, 999), STUCK_REFUSE);
	assert_int_equal(stuck_find(&stuck, c, 1000), STUCK_PROBE);
	assert_int_equal(stuck_find(&stuck, c, 5000), STUCK_PROBE);
	/* the probe failed, which is no news */
	assert_false(stuck_refuse(&stuck, c, 2000));
	assert_int_equal(stuck_find(&stuck, c, 1999), STUCK_REFUSE);
	assert_int_equal(stuck_find(&stuck, c, 2000), STUCK_PROBE);
	/* a second suspicion changes nothing */
	stuck_suspect(&stuck, c);
	assert_int_equal(stuck_find(&stuck, c, 1999), STUCK_REFUSE);
	assert_true(stuck_forget(&stuck, c));
	assert_int_equal(stuck_find(&stuck, c, 0), STUCK_NO);
	assert_int_equal(stuck.count, 0);
	/* refused without having been suspected */
	assert_true(stuck_refuse(&stuck, c, 1000));
}

TEST(channels_are_told_apart_by_their_whole_names)
{
	static struct stuck stuck;
	char longest[CHANNEL_NAME_MAX];

	stuck_refuse(&stuck, SPAN("channel"), 1000);
	assert_int_equal(stuck_find(&stuck, SPAN("channe"), 0), STUCK_NO);
	assert_int_equal(stuck_find(&stuck, SPAN("channels"), 0), STUCK_NO);
	memset(longest, 'c', sizeof(longest));
	stuck_refuse(&stuck, span_of(longest, sizeof(longest)), 1000);
	assert_int_equal(
		stuck_find(&stuck, span_of(longest, sizeof(longest)), 0),
		STUCK_REFUSE);
	assert_int_equal(
		stuck_find(&stuck, span_of(longest, sizeof(longest) - 1), 0),
		STUCK_NO);
}

TEST(the_list_owns_its_names)
{
	static struct stuck stuck;
	struct span name = boxed(SPAN("c"));

	stuck_refuse(&stuck, name, 1000);
	unbox(name);
	assert_int_equal(stuck_find(&stuck, SPAN("c"), 0), STUCK_REFUSE);
}

TEST(of_too_many_the_oldest_is_forgotten)
{
	static struct stuck stuck;
	char name[32];
	int i;

	for (i = 0; i < STUCK_MAX + 10; i++)
		stuck_refuse(&stuck, name_of(name, i), 1000 + i);
	assert_int_equal(stuck.count, STUCK_MAX);
	for (i = 0; i < STUCK_MAX + 10; i++) {
		struct span channel = name_of(name, i);

		assert_int_equal(stuck_find(&stuck, channel, 999 + i),
				 i < 10 ? STUCK_NO : STUCK_REFUSE);
		assert_int_equal(stuck_find(&stuck, channel, 1000 + i),
				 i < 10 ? STUCK_NO : STUCK_PROBE);
	}
	/* one that is there already pushes nobody out */
	stuck_refuse(&stuck, name_of(name, 50), 9000);
	assert_int_equal(stuck_find(&stuck, name_of(name, 10), 0),
			 STUCK_REFUSE);
}

TEST(suspects_are_probed_by_turns)
{
	static struct stuck stuck;
	struct span a = SPAN("a"), b = SPAN("b"), c = SPAN("c");

	stuck_suspect(&stuck, a);
	stuck_suspect(&stuck, b);
	assert_true(stuck_turn(&stuck, a) < stuck_turn(&stuck, b));
	assert_true(stuck_turn(&stuck, b) < stuck_turn(&stuck, c));
	/* locked since the first time that it was said, until it is free */
	assert_int_equal(stuck_locked(&stuck, a, 1000), 1000);
	assert_true(stuck_turn(&stuck, b) < stuck_turn(&stuck, a));
	assert_int_equal(stuck_locked(&stuck, b, 1100), 1100);
	assert_true(stuck_turn(&stuck, a) < stuck_turn(&stuck, b));
	assert_int_equal(stuck_locked(&stuck, a, 1200), 1000);
	assert_int_equal(stuck_find(&stuck, a, 1200), STUCK_PROBE);
	assert_true(stuck_refuse(&stuck, a, 2200));
	assert_int_equal(stuck_locked(&stuck, a, 2300), 1000);
	assert_int_equal(stuck_find(&stuck, a, 2199), STUCK_REFUSE);
	assert_true(stuck_forget(&stuck, a));
	assert_int_equal(stuck_locked(&stuck, a, 3000), 3000);
	/* found locked without having been suspected */
	assert_int_equal(stuck_locked(&stuck, c, 4000), 4000);
	assert_int_equal(stuck.count, 3);
}

TEST(it_does_what_an_array_does)
{
	static struct stuck stuck;
	int64_t probe_at[100];
	bool is_in[100] = { false };
	uint32_t random = 1;
	char name[32];
	int i, j;

	for (i = 0; i < 5000; i++) {
		int which = (int)(random_next(&random) % 100);
		struct span channel = name_of(name, which);
		bool was_refused = is_in[which] && probe_at[which] > 0;

		switch (random_next(&random) % 3) {
		case 0:
			stuck_suspect(&stuck, channel);
			probe_at[which] = is_in[which] ? probe_at[which] : 0;
			is_in[which] = true;
			break;
		case 1:
			assert_int_equal(stuck_refuse(&stuck, channel, i + 1),
					 !was_refused);
			probe_at[which] = i + 1;
			is_in[which] = true;
			break;
		default:
			assert_int_equal(stuck_forget(&stuck, channel),
					 was_refused);
			is_in[which] = false;
		}
		for (j = 0; j < 100; j++)
			assert_int_equal(
				stuck_find(&stuck, name_of(name, j), i),
				!is_in[j]         ? STUCK_NO
				: i < probe_at[j] ? STUCK_REFUSE
						  : STUCK_PROBE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_channel_goes_through_its_states),
		cmocka_unit_test(channels_are_told_apart_by_their_whole_names),
		cmocka_unit_test(the_list_owns_its_names),
		cmocka_unit_test(of_too_many_the_oldest_is_forgotten),
		cmocka_unit_test(suspects_are_probed_by_turns),
		cmocka_unit_test(it_does_what_an_array_does),
	};

	return cmocka_run_group_tests_name("stuck", tests, NULL, NULL);
}
