/* SPDX-License-Identifier: MIT
 *
 * How long to wait before trying to reach a server again: doubling, capped,
 * and jittered so that many clients of one server don't come back as one.
 * Pure: the caller brings the random number.
 */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

#include <stdint.h>

/* Short enough that live delivery is back within a second of its server. */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 1000

struct backoff {
	unsigned failures;
};

/* Counts a failure; returns the ms to wait, between half and the whole of
 * 50, 100, 200, … 1000. */
unsigned backoff_next_ms(struct backoff *backoff, uint32_t random);

/* The same for those who have more time: from first_ms up to max_ms. */
unsigned backoff_next_within_ms(struct backoff *backoff, unsigned first_ms,
				unsigned max_ms, uint32_t random);

/* The server answered: the next failure starts from the first wait. */
void backoff_reset(struct backoff *backoff);

#endif
