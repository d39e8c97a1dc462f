/* SPDX-License-Identifier: MIT
 *
 * relay/net/peak: a value counts for at least one window and at most two.
 */
#include "relay/net/peak.h"

#include "tests/unit/unit.h"

TEST(the_value_is_the_highest_noted)
{
	struct peak peak = { .highest = 0 };

	assert_int_equal(peak_value(&peak), 0);
	peak_note(&peak, 5);
	peak_note(&peak, 3);
	assert_int_equal(peak_value(&peak), 5);
	peak_note(&peak, 6);
	assert_int_equal(peak_value(&peak), 6);
}

TEST(a_peak_lasts_one_window_at_least_and_two_at_most)
{
	const uint32_t start = 1000;
	uint32_t seen, now;

	for (seen = start; seen < start + PEAK_WINDOW_S; seen++) {
		struct peak peak = { .since_s = start };

		for (now = start; now < start + 4 * PEAK_WINDOW_S; now++) {
			peak_turn(&peak, now);
			if (now == seen)
				peak_note(&peak, 7);
			if (now >= seen && now <= seen + PEAK_WINDOW_S)
				assert_int_equal(peak_value(&peak), 7);
			if (now < seen || now >= seen + 2 * PEAK_WINDOW_S)
				assert_int_equal(peak_value(&peak), 0);
		}
	}
}

TEST(a_lower_peak_replaces_an_expired_one)
{
	struct peak peak = { .since_s = 0 };

	peak_note(&peak, 9);
	peak_turn(&peak, PEAK_WINDOW_S);
	peak_note(&peak, 4);
	assert_int_equal(peak_value(&peak), 9);
	peak_turn(&peak, 2 * PEAK_WINDOW_S);
	assert_int_equal(peak_value(&peak), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_is_the_highest_noted),
		cmocka_unit_test(
			a_peak_lasts_one_window_at_least_and_two_at_most),
		cmocka_unit_test(a_lower_peak_replaces_an_expired_one),
	};

	return cmocka_run_group_tests_name("peak", tests, NULL, NULL);
}
