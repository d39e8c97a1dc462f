/* SPDX-License-Identifier: MIT
 *
 * Events of one channel that came before their turn, by id. Embedded in its
 * owner. Pure.
 */
#ifndef RELAY_CHANNELS_STASH_H
#define RELAY_CHANNELS_STASH_H

#include "common/base/attr.h"
#include "relay/protocol/frame.h"

struct stash_entry {
	int64_t id;
	uint64_t exclude; /* socket id, 0 for none */
	struct frame *frame;
};

/* entries[start .. end) by rising id, each id once. */
struct stash {
	struct stash_entry *entries;
	size_t start, end, cap;
	size_t bytes; /* of all frames */
};

#define STASH_INIT                                                             \
	{                                                                      \
		NULL, 0, 0, 0, 0                                               \
	}

/* Drops everything; the stash can be used again. */
void stash_clear(struct stash *stash);

/* Keeps a reference of its own; an id that is there already is left as it
 * is. */
void stash_put(struct stash *stash, int64_t id, struct frame *frame,
	       uint64_t exclude);

static inline size_t stash_count(const struct stash *stash)
{
	return stash->end - stash->start;
}

/* The entry with the lowest id, NULL if the stash is empty. Good until the
 * next call. */
const struct stash_entry *stash_first(const struct stash *stash);

/* Drops the entry that stash_first shows. */
void stash_drop_first(struct stash *stash);

/* What several stashes hold together, and may. Those of a pool are changed by
 * these alone. */
struct stash_pool {
	size_t bytes, max_bytes;
};

/* 0; or -1, and nothing is done, if the frame is too much for the pool. */
int stash_pool_put(struct stash_pool *pool, struct stash *stash, int64_t id,
		   struct frame *frame, uint64_t exclude) MUST_CHECK;
void stash_pool_drop_first(struct stash_pool *pool, struct stash *stash);
void stash_pool_clear(struct stash_pool *pool, struct stash *stash);

#endif
