/* SPDX-License-Identifier: MIT
 *
 * Two numbers and a stash. After sequence_start, delivered rises by one at a
 * time, in two places: sequence_arrive and sequence_next.
 */
#include "relay/channels/sequence.h"

#include <assert.h>

void sequence_init(struct sequence *sequence, struct stash_pool *pool)
{
	*sequence = (struct sequence){ .pool = pool };
}

static void clear_sequence_stash(struct sequence *sequence)
{
	if (stash_count(&sequence->stash) > 0)
		stash_pool_clear(sequence->pool, &sequence->stash);
}

void sequence_reset(struct sequence *sequence)
{
	clear_sequence_stash(sequence);
	sequence_init(sequence, sequence->pool);
}

void sequence_start(struct sequence *sequence, int64_t base)
{
	sequence->is_started = true;
	sequence->delivered = base;
}

static enum sequence_verdict stash_event(struct sequence *sequence, int64_t id,
					 struct frame *frame, uint64_t exclude)
{
	if (stash_pool_put(sequence->pool, &sequence->stash, id, frame,
			   exclude) == 0)
		return SEQUENCE_STASHED;
	sequence->pool->dropped += stash_count(&sequence->stash) + 1;
	clear_sequence_stash(sequence);
	return SEQUENCE_OVERFLOW;
}

enum sequence_verdict sequence_arrive(struct sequence *sequence, int64_t id,
				      struct frame *frame, uint64_t exclude)
{
	sequence_see_head(sequence, id);
	if (!sequence->is_started)
		return stash_event(sequence, id, frame, exclude);
	if (id <= sequence->delivered)
		return SEQUENCE_REPEATED;
	if (id > sequence->delivered + 1)
		return stash_event(sequence, id, frame, exclude);
	sequence->delivered = id;
	return SEQUENCE_DELIVER;
}

bool sequence_next(struct sequence *sequence, struct stash_entry *entry)
{
	const struct stash_entry *first;

	assert(sequence->is_started);
	while ((first = stash_first(&sequence->stash)) != NULL &&
	       first->id <= sequence->delivered + 1) {
		*entry = stash_pool_take(sequence->pool, &sequence->stash);
		if (entry->id > sequence->delivered) {
			sequence->delivered = entry->id;
			return true;
		}
		frame_unref(entry->frame);
	}
	return false;
}

void sequence_see_head(struct sequence *sequence, int64_t head)
{
	if (sequence->target < head)
		sequence->target = head;
}

void sequence_find_hole(const struct sequence *sequence, int64_t *from_id,
			int64_t *to_id)
{
	const struct stash_entry *first = stash_first(&sequence->stash);

	assert(sequence->is_started && sequence_has_hole(sequence));
	*from_id = sequence->delivered + 1;
	*to_id = first != NULL ? first->id - 1 : sequence->target;
}

enum sequence_outcome sequence_end_read(struct sequence *sequence,
					int64_t from_id, int64_t head)
{
	bool has_next = sequence->delivered >= from_id;

	if (!has_next && head > sequence->delivered)
		return SEQUENCE_LOST;
	if (!has_next) {
		clear_sequence_stash(sequence);
		sequence->target = sequence->delivered;
	}
	return sequence_has_hole(sequence) ? SEQUENCE_INCOMPLETE
					   : SEQUENCE_WHOLE;
}
