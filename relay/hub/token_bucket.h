/* SPDX-License-Identifier: MIT
 *
 * So much at once, and then so much a second, evenly: of what one peer may ask
 * for. Embedded in its owner; all zero is a new one, of which nothing was
 * spent. Pure: the caller brings the time.
 */
#ifndef RELAY_HUB_TOKEN_BUCKET_H
#define RELAY_HUB_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* What was spent is regained piece by piece, one after the other. */
struct token_bucket {
	int64_t whole_ms; /* when all of it is regained */
};

/* Whether there is one to spend, of max, of which each_ms regains one; and
 * spends it. */
static inline bool token_bucket_spend(struct token_bucket *bucket,
				      int64_t now_ms, int64_t max,
				      int64_t each_ms)
{
	int64_t from_ms = bucket->whole_ms > now_ms ? bucket->whole_ms : now_ms;

	if (from_ms - now_ms > (max - 1) * each_ms)
		return false;
	bucket->whole_ms = from_ms + each_ms;
	return true;
}

#endif
