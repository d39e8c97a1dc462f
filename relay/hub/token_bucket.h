/* SPDX-License-Identifier: MIT
 *
 * A rate limit: max at once, then one each each_ms. Embedded in its owner; all
 * zero is a full bucket. Pure: the caller passes the time.
 */
#ifndef RELAY_HUB_TOKEN_BUCKET_H
#define RELAY_HUB_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Spent tokens come back one after the other, each_ms apart. */
struct token_bucket {
	int64_t whole_ms; /* when the bucket is full again */
};

/* Spends a token if there is one: returns whether there was. */
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
