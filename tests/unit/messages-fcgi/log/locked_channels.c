/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/locked_channels: a locked channel is suspected, probed,
 * refused and forgotten.
 */
#include "messages-fcgi/log/locked_channels.h"

#include "tests/unit/unit.h"

static struct span name_of(char name[32], int i)
{
	return span_of(name, (size_t)snprintf(name, 32, "channel-%d", i));
}

TEST(a_channel_is_suspected_refused_probed_and_forgotten)
{
	static struct locked_channels locked;
	struct span c = SPAN("c");

	assert_int_equal(locked_channels_find(&locked, c, 0),
			 LOCKED_CHANNELS_NO);
	assert_false(locked_channels_forget(&locked, c));
	locked_channels_suspect(&locked, c);
	assert_int_equal(locked_channels_find(&locked, c, 0),
			 LOCKED_CHANNELS_PROBE);
	/* it was suspected, not refused */
	assert_false(locked_channels_forget(&locked, c));
	assert_int_equal(locked_channels_find(&locked, c, 0),
			 LOCKED_CHANNELS_NO);

	locked_channels_suspect(&locked, c);
	assert_true(locked_channels_refuse(&locked, c, 1000));
	assert_int_equal(locked_channels_find(&locked, c, 0),
			 LOCKED_CHANNELS_REFUSE);
	assert_int_equal(locked_channels_find(&locked, c, 999),
			 LOCKED_CHANNELS_REFUSE);
	assert_int_equal(locked_channels_find(&locked, c, 1000),
			 LOCKED_CHANNELS_PROBE);
	assert_int_equal(locked_channels_find(&locked, c, 5000),
			 LOCKED_CHANNELS_PROBE);
	/* the probe failed; it was refused before */
	assert_false(locked_channels_refuse(&locked, c, 2000));
	assert_int_equal(locked_channels_find(&locked, c, 1999),
			 LOCKED_CHANNELS_REFUSE);
	assert_int_equal(locked_channels_find(&locked, c, 2000),
			 LOCKED_CHANNELS_PROBE);
	/* a second suspicion changes nothing */
	locked_channels_suspect(&locked, c);
	assert_int_equal(locked_channels_find(&locked, c, 1999),
			 LOCKED_CHANNELS_REFUSE);
	assert_true(locked_channels_forget(&locked, c));
	assert_int_equal(locked_channels_find(&locked, c, 0),
			 LOCKED_CHANNELS_NO);
	assert_int_equal(locked.count, 0);
	/* refused without having been suspected */
	assert_true(locked_channels_refuse(&locked, c, 1000));
}

TEST(whole_names_are_compared)
{
	static struct locked_channels locked;
	char longest[CHANNEL_NAME_MAX];

	locked_channels_refuse(&locked, SPAN("channel"), 1000);
	assert_int_equal(locked_channels_find(&locked, SPAN("channe"), 0),
			 LOCKED_CHANNELS_NO);
	assert_int_equal(locked_channels_find(&locked, SPAN("channels"), 0),
			 LOCKED_CHANNELS_NO);
	memset(longest, 'c', sizeof(longest));
	locked_channels_refuse(&locked, span_of(longest, sizeof(longest)),
			       1000);
	assert_int_equal(locked_channels_find(
				 &locked, span_of(longest, sizeof(longest)), 0),
			 LOCKED_CHANNELS_REFUSE);
	assert_int_equal(
		locked_channels_find(&locked,
				     span_of(longest, sizeof(longest) - 1), 0),
		LOCKED_CHANNELS_NO);
}

TEST(the_list_copies_names)
{
	static struct locked_channels locked;
	struct span name = boxed(SPAN("c"));

	locked_channels_refuse(&locked, name, 1000);
	unbox(name);
	assert_int_equal(locked_channels_find(&locked, SPAN("c"), 0),
			 LOCKED_CHANNELS_REFUSE);
}

TEST(a_full_list_drops_its_first_channel)
{
	static struct locked_channels locked;
	char name[32];
	int i;

	for (i = 0; i < LOCKED_CHANNELS_MAX + 10; i++)
		locked_channels_refuse(&locked, name_of(name, i), 1000 + i);
	assert_int_equal(locked.count, LOCKED_CHANNELS_MAX);
	for (i = 0; i < LOCKED_CHANNELS_MAX + 10; i++) {
		struct span channel = name_of(name, i);

		assert_int_equal(
			locked_channels_find(&locked, channel, 999 + i),
			i < 10 ? LOCKED_CHANNELS_NO : LOCKED_CHANNELS_REFUSE);
		assert_int_equal(
			locked_channels_find(&locked, channel, 1000 + i),
			i < 10 ? LOCKED_CHANNELS_NO : LOCKED_CHANNELS_PROBE);
	}
	/* a channel that is in the list drops no other */
	locked_channels_refuse(&locked, name_of(name, 50), 9000);
	assert_int_equal(locked_channels_find(&locked, name_of(name, 10), 0),
			 LOCKED_CHANNELS_REFUSE);
}

TEST(suspects_are_probed_in_turn)
{
	static struct locked_channels locked;
	struct span a = SPAN("a"), b = SPAN("b"), c = SPAN("c");

	locked_channels_suspect(&locked, a);
	locked_channels_suspect(&locked, b);
	assert_true(locked_channels_turn(&locked, a) <
		    locked_channels_turn(&locked, b));
	assert_true(locked_channels_turn(&locked, b) <
		    locked_channels_turn(&locked, c));
	/* returns the first time of the same lock */
	assert_int_equal(locked_channels_locked(&locked, a, 1000), 1000);
	assert_true(locked_channels_turn(&locked, b) <
		    locked_channels_turn(&locked, a));
	assert_int_equal(locked_channels_locked(&locked, b, 1100), 1100);
	assert_true(locked_channels_turn(&locked, a) <
		    locked_channels_turn(&locked, b));
	assert_int_equal(locked_channels_locked(&locked, a, 1200), 1000);
	assert_int_equal(locked_channels_find(&locked, a, 1200),
			 LOCKED_CHANNELS_PROBE);
	assert_true(locked_channels_refuse(&locked, a, 2200));
	assert_int_equal(locked_channels_locked(&locked, a, 2300), 1000);
	assert_int_equal(locked_channels_find(&locked, a, 2199),
			 LOCKED_CHANNELS_REFUSE);
	assert_true(locked_channels_forget(&locked, a));
	assert_int_equal(locked_channels_locked(&locked, a, 3000), 3000);
	/* found locked without having been suspected */
	assert_int_equal(locked_channels_locked(&locked, c, 4000), 4000);
	assert_int_equal(locked.count, 3);
}

TEST(it_agrees_with_a_plain_array)
{
	static struct locked_channels locked;
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
			locked_channels_suspect(&locked, channel);
			probe_at[which] = is_in[which] ? probe_at[which] : 0;
			is_in[which] = true;
			break;
		case 1:
			assert_int_equal(
				locked_channels_refuse(&locked, channel, i + 1),
				!was_refused);
			probe_at[which] = i + 1;
			is_in[which] = true;
			break;
		default:
			assert_int_equal(
				locked_channels_forget(&locked, channel),
				was_refused);
			is_in[which] = false;
		}
		for (j = 0; j < 100; j++)
			assert_int_equal(locked_channels_find(
						 &locked, name_of(name, j), i),
					 !is_in[j] ? LOCKED_CHANNELS_NO
					 : i < probe_at[j]
						 ? LOCKED_CHANNELS_REFUSE
						 : LOCKED_CHANNELS_PROBE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_channel_is_suspected_refused_probed_and_forgotten),
		cmocka_unit_test(whole_names_are_compared),
		cmocka_unit_test(the_list_copies_names),
		cmocka_unit_test(a_full_list_drops_its_first_channel),
		cmocka_unit_test(suspects_are_probed_in_turn),
		cmocka_unit_test(it_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests_name("locked_channels", tests, NULL,
					   NULL);
}
