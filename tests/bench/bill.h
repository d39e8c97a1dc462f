/* SPDX-License-Identifier: MIT
 *
 * Processor time of some processes and all that they have forked, between two
 * moments.
 */
#ifndef TESTS_BENCH_BILL_H
#define TESTS_BENCH_BILL_H

#include <stddef.h>
#include <stdint.h>

#define BILL_MAX 512

struct bill {
	const char *pids; /* with commas; borrowed */
	struct {
		int pid;
		uint64_t ns;
	} before[BILL_MAX];
	size_t count;
};

void bill_begin(struct bill *bill, const char *pids);

/* The time that the processes running now have used since. */
uint64_t bill_end_ns(const struct bill *bill);

#endif
