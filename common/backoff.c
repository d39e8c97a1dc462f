/* SPDX-License-Identifier: MIT
 *
 * Jittered exponential back-off.
 */
#include "common/backoff.h"

unsigned backoff_next_ms(struct backoff *backoff, uint32_t random)
{
	unsigned whole = BACKOFF_FIRST_MS, i;

	for (i = 0; i < backoff->failures && whole < BACKOFF_MAX_MS; i++)
		whole *= 2;
	if (whole > BACKOFF_MAX_MS)
		whole = BACKOFF_MAX_MS;
	if (i == backoff->failures)
		backoff->failures++;
	return whole / 2 + random % (whole / 2 + 1);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->failures = 0;
}
