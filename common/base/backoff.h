/* SPDX-License-Identifier: MIT
 *
 * How long to wait before the next attempt to reach a server. The wait doubles
 * with each failure up to a maximum; jitter keeps many clients of one server
 * from reconnecting at the same moment. Pure: the caller passes a random
 * number.
 */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

#include <stdint.h>

/* Short enough that live delivery resumes within a second after its server
 * does. */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 1000

struct backoff {
	unsigned failures;
};

/* Counts a failure. Returns the milliseconds to wait: between half and the
 * whole of 50, 100, 200, … 1000. */
unsigned backoff_next_ms(struct backoff *backoff, uint32_t random);

/* The same with other bounds: the wait doubles from first_ms up to max_ms. */
unsigned backoff_next_within_ms(struct backoff *backoff, unsigned first_ms,
				unsigned max_ms, uint32_t random);

/* To be called when the server answers: the next failure starts at the first
 * wait. */
void backoff_reset(struct backoff *backoff);

#endif
