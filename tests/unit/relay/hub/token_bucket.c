/* SPDX-License-Identifier: MIT
 *
 * relay/hub/token_bucket: the limits at once and in a second, whenever the
 * second begins.
 */
#include "relay/hub/token_bucket.h"

#include "tests/unit/unit.h"

#define MAX 10
#define EACH_MS 100

/* How many of 100 calls now succeed. */
static int spend_all(struct token_bucket *bucket, int64_t now_ms)
{
	int spent = 0, i;

	for (i = 0; i < 100; i++)
		spent += token_bucket_spend(bucket, now_ms, MAX, EACH_MS);
	return spent;
}

TEST(all_tokens_may_be_spent_at_once_and_come_back_evenly)
{
	struct token_bucket bucket = { 0 };

	assert_int_equal(spend_all(&bucket, 5000), 10);
	assert_int_equal(spend_all(&bucket, 5099), 0);
	assert_int_equal(spend_all(&bucket, 5100), 1);
	assert_int_equal(spend_all(&bucket, 5199), 0);
	assert_int_equal(spend_all(&bucket, 5450), 3);
	assert_int_equal(spend_all(&bucket, 5499), 0);
	assert_int_equal(spend_all(&bucket, 5500), 1);
	assert_int_equal(spend_all(&bucket, 6500), 10);
}

TEST(a_bucket_never_holds_more_than_its_maximum)
{
	struct token_bucket bucket = { 0 };

	assert_int_equal(spend_all(&bucket, 0), 10);
	assert_int_equal(spend_all(&bucket, 999), 9);
	assert_int_equal(spend_all(&bucket, 1000000), 10);
	assert_int_equal(spend_all(&bucket, 1000001), 0);
}

TEST(a_caller_that_keeps_to_the_rate_is_never_refused)
{
	struct token_bucket bucket = { 0 };
	int64_t now_ms;

	for (now_ms = 7; now_ms < 100000; now_ms += EACH_MS)
		assert_true(token_bucket_spend(&bucket, now_ms, MAX, EACH_MS));
	assert_int_equal(spend_all(&bucket, now_ms), 10);
}

TEST(the_limit_holds_over_any_second)
{
	int64_t start_ms, ms;

	for (start_ms = 0; start_ms < 1000; start_ms += 7) {
		struct token_bucket bucket = { 0 };
		int spent = 0;

		for (ms = start_ms; ms < start_ms + 1000; ms++)
			spent += spend_all(&bucket, ms);
		assert_int_equal(spent, 19);
	}
}

TEST(a_bucket_of_one_holds_one_token)
{
	struct token_bucket bucket = { 0 };

	assert_true(token_bucket_spend(&bucket, 0, 1, 50));
	assert_false(token_bucket_spend(&bucket, 49, 1, 50));
	assert_true(token_bucket_spend(&bucket, 50, 1, 50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			all_tokens_may_be_spent_at_once_and_come_back_evenly),
		cmocka_unit_test(a_bucket_never_holds_more_than_its_maximum),
		cmocka_unit_test(
			a_caller_that_keeps_to_the_rate_is_never_refused),
		cmocka_unit_test(the_limit_holds_over_any_second),
		cmocka_unit_test(a_bucket_of_one_holds_one_token),
	};

	return cmocka_run_group_tests_name("allowance", tests, NULL, NULL);
}
