/* SPDX-License-Identifier: MIT
 *
 * Exponential back-off with jitter.
 */
#include "common/base/backoff.h"

unsigned backoff_next_within_ms(struct backoff *backoff, unsigned first_ms,
				unsigned max_ms, uint32_t random)
{
	unsigned whole = first_ms, i;

	for (i = 0; i < backoff->failures && whole < max_ms; i++)
		whole *= 2;
	if (whole > max_ms)
		whole = max_ms;
	if (i == backoff->failures)
		backoff->failures++;
	return whole / 2 + random % (whole / 2 + 1);
}

unsigned backoff_next_ms(struct backoff *backoff, uint32_t random)
{
	return backoff_next_within_ms(backoff, BACKOFF_FIRST_MS, BACKOFF_MAX_MS,
				      random);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->failures = 0;
}
