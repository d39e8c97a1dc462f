/* SPDX-License-Identifier: MIT
 *
 * relay/net/log_throttle: passes max lines a second, counts each other one
 * once.
 */
#include "relay/net/log_throttle.h"

#include "tests/unit/unit.h"

static void expect(struct log_throttle *throttle, uint32_t now_s, bool passes,
		   uint32_t want_held_back)
{
	uint32_t held_back = 42;

	assert_int_equal(log_throttle_pass(throttle, now_s, 2, &held_back),
			 passes);
	assert_int_equal(held_back, want_held_back);
}

TEST(two_pass_in_a_second_and_a_later_one_reports_the_rest)
{
	struct log_throttle throttle = { 0 };

	expect(&throttle, 10, true, 0);
	expect(&throttle, 10, true, 0);
	expect(&throttle, 10, false, 0);
	expect(&throttle, 10, false, 0);
	expect(&throttle, 10, false, 0);
	expect(&throttle, 13, true, 3);
	expect(&throttle, 13, true, 0);
	expect(&throttle, 13, false, 0);
	expect(&throttle, 14, true, 1);
	expect(&throttle, 15, true, 0);
	/* a clock may be set back */
	expect(&throttle, 9, true, 0);
}

TEST(any_second_can_be_the_first)
{
	struct log_throttle throttle = { 0 };

	expect(&throttle, 0, true, 0);
	expect(&throttle, 0, true, 0);
	expect(&throttle, 0, false, 0);
	expect(&throttle, UINT32_MAX, true, 1);
	expect(&throttle, 0, true, 0);
}

TEST(each_line_is_counted_exactly_once)
{
	struct log_throttle throttle = { 0 };
	uint32_t random = 1, now_s = 100, held_back, seen = 0;
	uint32_t in_second = 0;
	int i, tried = 10000;

	for (i = 0; i < tried; i++) {
		if (random_next(&random) % 20 == 0) {
			now_s++;
			in_second = 0;
		}
		if (log_throttle_pass(&throttle, now_s, 5, &held_back))
			seen++;
		assert_true((++in_second <= 5) == (throttle.held_back == 0));
		seen += held_back;
	}
	assert_int_equal(seen + throttle.held_back, tried);
}

TEST(a_limit_of_zero_passes_nothing)
{
	struct log_throttle throttle = { 0 };
	uint32_t held_back;

	assert_false(log_throttle_pass(&throttle, 1, 0, &held_back));
	assert_false(log_throttle_pass(&throttle, 2, 0, &held_back));
	assert_int_equal(held_back, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			two_pass_in_a_second_and_a_later_one_reports_the_rest),
		cmocka_unit_test(any_second_can_be_the_first),
		cmocka_unit_test(each_line_is_counted_exactly_once),
		cmocka_unit_test(a_limit_of_zero_passes_nothing),
	};

	return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
