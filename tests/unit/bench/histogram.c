/* SPDX-License-Identifier: MIT
 *
 * tests/bench/histogram: quantiles are exact to 1/64, at any size.
 */
#include "tests/bench/histogram.h"

#include "tests/unit/unit.h"

/* Filled with 1 … count, each times unit. */
static void fill(struct histogram *histogram, uint64_t count, uint64_t unit)
{
	uint64_t i;

	*histogram = (struct histogram){ 0 };
	for (i = 1; i <= count; i++)
		histogram_add(histogram, i * unit);
}

static void assert_near(uint64_t value, uint64_t want)
{
	assert_true(value >= want);
	assert_true(value - want <= want / 64 + 1);
}

TEST(nothing_has_no_quantile)
{
	struct histogram histogram = { 0 };

	assert_int_equal(histogram_quantile(&histogram, 0.99), 0);
}

TEST(small_values_are_exact)
{
	struct histogram histogram;

	fill(&histogram, 100, 1);
	assert_int_equal(histogram_quantile(&histogram, 0), 1);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 51);
	assert_int_equal(histogram_quantile(&histogram, 1), 100);
}

TEST(quantiles_are_near_at_every_size)
{
	struct histogram histogram;
	uint64_t unit;

	for (unit = 1; unit < UINT64_MAX / 2000; unit *= 3) {
		fill(&histogram, 1000, unit);
		assert_near(histogram_quantile(&histogram, 0.499), 500 * unit);
		assert_near(histogram_quantile(&histogram, 0.989), 990 * unit);
		assert_int_equal(histogram_quantile(&histogram, 1),
				 1000 * unit);
		assert_int_equal(histogram.max, 1000 * unit);
	}
}

TEST(the_largest_value_has_a_bucket)
{
	struct histogram histogram = { 0 };

	histogram_add(&histogram, UINT64_MAX);
	assert_true(histogram_quantile(&histogram, 0.5) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_has_no_quantile),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(quantiles_are_near_at_every_size),
		cmocka_unit_test(the_largest_value_has_a_bucket),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
