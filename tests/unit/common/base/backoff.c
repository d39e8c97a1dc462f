/* SPDX-License-Identifier: MIT
 *
 * common/base/backoff: the waits, their jitter, and that nothing overflows.
 */
#include "common/base/backoff.h"

#include "tests/unit/unit.h"

static const unsigned whole_ms[] = { 50, 100, 200, 400, 800, 1000, 1000 };

TEST(waits_double_up_to_a_second)
{
	struct backoff least = { 0 }, most = { 0 };
	size_t i;

	for (i = 0; i < COUNT(whole_ms); i++) {
		unsigned half = whole_ms[i] / 2;

		assert_int_equal(backoff_next_ms(&least, 0), half);
		/* half + n, n at most half */
		assert_int_equal(backoff_next_ms(&most, half), 2 * half);
	}
}

TEST(every_random_number_stays_between_half_and_whole)
{
	uint32_t random = 1;
	int round;

	for (round = 0; round < 1000; round++) {
		struct backoff backoff = { 0 };
		size_t i;

		for (i = 0; i < COUNT(whole_ms); i++) {
			unsigned ms = backoff_next_ms(&backoff, random);

			assert_in_range(ms, whole_ms[i] / 2, whole_ms[i]);
			random = random * 1664525 + 1013904223;
		}
		assert_in_range(backoff_next_ms(&backoff, UINT32_MAX), 500,
				1000);
	}
}

TEST(the_wait_never_exceeds_a_second)
{
	struct backoff backoff = { 0 };
	int i;

	for (i = 0; i < 1000000; i++)
		backoff_next_ms(&backoff, 0);
	assert_int_equal(backoff_next_ms(&backoff, 0), 500);
	assert_int_equal(backoff_next_ms(&backoff, 500), 1000);
}

TEST(other_bounds_are_respected)
{
	struct backoff backoff = { 0 };

	assert_int_equal(backoff_next_within_ms(&backoff, 10, 25, 0), 5);
	assert_int_equal(backoff_next_within_ms(&backoff, 10, 25, 10), 20);
	assert_int_equal(backoff_next_within_ms(&backoff, 10, 25, 0), 12);
	assert_int_equal(backoff_next_within_ms(&backoff, 10, 25, 12), 24);
}

TEST(after_a_reset_the_first_wait_is_used_again)
{
	struct backoff backoff = { 0 };

	backoff_next_ms(&backoff, 0);
	backoff_next_ms(&backoff, 0);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next_ms(&backoff, 0), 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_a_second),
		cmocka_unit_test(
			every_random_number_stays_between_half_and_whole),
		cmocka_unit_test(the_wait_never_exceeds_a_second),
		cmocka_unit_test(other_bounds_are_respected),
		cmocka_unit_test(after_a_reset_the_first_wait_is_used_again),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
