/* SPDX-License-Identifier: MIT
 *
 * A sorted array. Most entries are appended at its end and taken from its
 * start, since early events mostly arrive in order.
 */
#include "relay/channels/stash.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"

#define CAP_MIN 16

void stash_clear(struct stash *stash)
{
	size_t i;

	for (i = stash->start; i < stash->end; i++)
		frame_unref(stash->entries[i].frame);
	free(stash->entries);
	*stash = (struct stash)STASH_INIT;
}

/* Makes room for one more entry behind the last. */
static void make_room(struct stash *stash)
{
	size_t count = stash->end - stash->start;

	if (stash->end < stash->cap)
		return;
	if (stash->start > stash->cap / 2) {
		memmove(stash->entries, stash->entries + stash->start,
			count * sizeof(*stash->entries));
		stash->start = 0;
		stash->end = count;
		return;
	}
	stash->cap = stash->cap ? stash->cap * 2 : CAP_MIN;
	stash->entries =
		xrealloc(stash->entries, stash->cap * sizeof(*stash->entries));
}

void stash_put(struct stash *stash, int64_t id, struct frame *frame,
	       uint64_t exclude)
{
	struct stash_entry *entries;
	size_t at;

	make_room(stash);
	entries = stash->entries;
	at = stash->end;
	while (at > stash->start && entries[at - 1].id > id)
		at--;
	if (at > stash->start && entries[at - 1].id == id)
		return;
	memmove(entries + at + 1, entries + at,
		(stash->end - at) * sizeof(*entries));
	entries[at] = (struct stash_entry){ id, exclude, frame_ref(frame) };
	stash->end++;
	stash->bytes += frame->len;
}

struct stash_entry stash_take(struct stash *stash)
{
	struct stash_entry entry;

	assert(stash->start < stash->end);
	entry = stash->entries[stash->start++];
	stash->bytes -= entry.frame->len;
	if (stash->start == stash->end)
		stash_clear(stash);
	return entry;
}

int stash_pool_put(struct stash_pool *pool, struct stash *stash, int64_t id,
		   struct frame *frame, uint64_t exclude)
{
	size_t before = stash->bytes;

	if (pool->bytes + frame->len > pool->max_bytes)
		return -1;
	stash_put(stash, id, frame, exclude);
	pool->bytes += stash->bytes - before;
	return 0;
}

struct stash_entry stash_pool_take(struct stash_pool *pool, struct stash *stash)
{
	struct stash_entry entry = stash_take(stash);

	pool->bytes -= entry.frame->len;
	return entry;
}

void stash_pool_clear(struct stash_pool *pool, struct stash *stash)
{
	pool->bytes -= stash->bytes;
	stash_clear(stash);
}
