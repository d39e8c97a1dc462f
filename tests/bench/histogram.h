/* SPDX-License-Identifier: MIT
 *
 * A histogram of times, exact to 1/64, in constant memory. Pure.
 */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Below 2^HISTOGRAM_BITS each value has its own bucket. Above, each power of
 * two has half as many buckets, of equal width. */
#define HISTOGRAM_BITS 7
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 2) << (HISTOGRAM_BITS - 1))

/* Empty if all zeros. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total, max;
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The least value that is not exceeded by share (0 to 1) of all values; 0 if
 * there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
