/* SPDX-License-Identifier: MIT
 *
 * relay/quota: what several workers may have together.
 */
#include "relay/hub/connection_quota.h"

#include "tests/unit/unit.h"

TEST(all_workers_together_have_as_many_as_are_allowed)
{
	connection_quota_share(3, 2);
	connection_quota_use(0);
	assert_int_equal(connection_quota_take(0, 3), 0);
	assert_int_equal(connection_quota_take(0, 3), 0);
	connection_quota_use(2);
	assert_int_equal(connection_quota_take(0, 3), 0);
	assert_int_equal(connection_quota_take(0, 3), -1);
	/* who was refused does not count, nor does another app */
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(1, 1), 0);
	assert_int_equal(connection_quota_take(1, 1), -1);
	connection_quota_give(0);
	connection_quota_give(1);
	assert_int_equal(connection_quota_take(1, 1), 0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), -1);
	/* a worker takes its own along when it goes */
	connection_quota_forget(0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), -1);
	assert_int_equal(connection_quota_take(1, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			all_workers_together_have_as_many_as_are_allowed),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
