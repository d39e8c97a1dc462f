/* SPDX-License-Identifier: MIT
 *
 * The events of one channel that arrived before their turn, sorted by id.
 * Embedded in its owner. Pure.
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

/* entries[start .. end), by ascending id, each id once. */
struct stash {
	struct stash_entry *entries;
	size_t start, end, cap;
	size_t bytes; /* of all frames */
};

#define STASH_INIT                                                             \
	{                                                                      \
		NULL, 0, 0, 0, 0                                               \
	}

/* Drops every entry; the stash can be used again. */
void stash_clear(struct stash *stash);

/* Adds an entry, with a reference of its own to frame. If the stash has the id
 * already, nothing changes. */
void stash_put(struct stash *stash, int64_t id, struct frame *frame,
	       uint64_t exclude);

static inline size_t stash_count(const struct stash *stash)
{
	return stash->end - stash->start;
}

/* The entry with the lowest id, NULL if the stash is empty. Valid until the
 * stash changes. */
static inline const struct stash_entry *stash_first(const struct stash *stash)
{
	return stash->start < stash->end ? &stash->entries[stash->start] : NULL;
}

/* Moves the entry with the lowest id out: the caller owns its reference to the
 * frame. The stash must not be empty. */
struct stash_entry stash_take(struct stash *stash);

/* A limit for the bytes of several stashes together. Those stashes are changed
 * by the functions of the pool alone. */
struct stash_pool {
	size_t bytes, max_bytes;
	size_t dropped; /* events that a full pool cost; the owner may reset it
			 */
};

/* As stash_put. Returns 0; or -1, and nothing changes, if the pool has no room
 * for the frame. */
int stash_pool_put(struct stash_pool *pool, struct stash *stash, int64_t id,
		   struct frame *frame, uint64_t exclude) MUST_CHECK;
struct stash_entry stash_pool_take(struct stash_pool *pool,
				   struct stash *stash);
void stash_pool_clear(struct stash_pool *pool, struct stash *stash);

#endif
