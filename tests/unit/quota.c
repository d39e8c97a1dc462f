/* SPDX-License-Identifier: MIT
 *
 * relay/quota: what several workers may have together.
 */
#include "relay/hub/quota.h"

#include "tests/unit/unit.h"

TEST(all_workers_together_have_as_many_as_are_allowed)
{
	quota_share(3, 2);
	quota_use(0);
	assert_int_equal(quota_take(0, 3), 0);
	assert_int_equal(quota_take(0, 3), 0);
	quota_use(2);
	assert_int_equal(quota_take(0, 3), 0);
	assert_int_equal(quota_take(0, 3), -1);
	/* who was refused does not count, nor does another app */
	assert_int_equal(quota_take(0, 4), 0);
	assert_int_equal(quota_take(1, 1), 0);
	assert_int_equal(quota_take(1, 1), -1);
	quota_give(0);
	quota_give(1);
	assert_int_equal(quota_take(1, 1), 0);
	assert_int_equal(quota_take(0, 4), 0);
	assert_int_equal(quota_take(0, 4), -1);
	/* a worker takes its own along when it goes */
	quota_forget(0);
	assert_int_equal(quota_take(0, 4), 0);
	assert_int_equal(quota_take(0, 4), 0);
	assert_int_equal(quota_take(0, 4), -1);
	assert_int_equal(quota_take(1, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			all_workers_together_have_as_many_as_are_allowed),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
