/* SPDX-License-Identifier: MIT
 *
 * The width of a bucket grows with its values.
 */
#include "tests/bench/histogram.h"

#define HALF (1u << (HISTOGRAM_BITS - 1))

/* The number of low bits of value that its bucket ignores. */
static unsigned shift_of(uint64_t value)
{
	unsigned bits = value ? 64u - (unsigned)__builtin_clzll(value) : 0;

	return bits > HISTOGRAM_BITS ? bits - HISTOGRAM_BITS : 0;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned shift = shift_of(value);

	histogram->counts[shift * HALF + (value >> shift)]++;
	histogram->total++;
	if (histogram->max < value)
		histogram->max = value;
}

/* The highest value of a bucket. */
static uint64_t top_of(unsigned bucket)
{
	unsigned shift = bucket < 2 * HALF ? 0 : bucket / HALF - 1;
	uint64_t part = bucket - shift * HALF;

	return ((part + 1) << shift) - 1;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)histogram->total);
	uint64_t seen = 0;
	unsigned bucket;

	for (bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		seen += histogram->counts[bucket];
		if (seen > wanted || seen == histogram->total)
			break;
	}
	if (histogram->total == 0)
		return 0;
	return top_of(bucket) < histogram->max ? top_of(bucket)
					       : histogram->max;
}
