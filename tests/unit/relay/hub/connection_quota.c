/* SPDX-License-Identifier: MIT
 *
 * relay/hub/connection_quota: one limit for several workers.
 */
#include "relay/hub/connection_quota.h"

#include "tests/unit/unit.h"

TEST(all_workers_together_stay_within_the_limit)
{
	connection_quota_share(3, 2);
	connection_quota_use(0);
	assert_int_equal(connection_quota_take(0, 3), 0);
	assert_int_equal(connection_quota_take(0, 3), 0);
	connection_quota_use(2);
	assert_int_equal(connection_quota_take(0, 3), 0);
	assert_int_equal(connection_quota_take(0, 3), -1);
	/* a refused connection does not count, nor do those of another app */
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(1, 1), 0);
	assert_int_equal(connection_quota_take(1, 1), -1);
	connection_quota_give(0);
	connection_quota_give(1);
	assert_int_equal(connection_quota_take(1, 1), 0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), -1);
	/* a worker that ends no longer counts */
	connection_quota_forget(0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), 0);
	assert_int_equal(connection_quota_take(0, 4), -1);
	assert_int_equal(connection_quota_take(1, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_workers_together_stay_within_the_limit),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
