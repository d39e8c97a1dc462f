/* SPDX-License-Identifier: MIT
 *
 * Which posts are committed together, and which share an outcome. Knows neither
 * threads nor SQL.
 */
#include "messages-fcgi/log/batch.h"

static struct post *find_same_key(const struct batch *batch,
				  const struct post *post)
{
	size_t i;

	for (i = 0; i < batch->count; i++)
		if (entry_has_same_key(batch->entries[i], &post->entry))
			return batch->posts[i];
	return NULL;
}

static void add_post(struct batch *batch, struct post *post)
{
	struct post *first = find_same_key(batch, post);

	post->repeat = NULL;
	if (first == NULL) {
		batch->posts[batch->count] = post;
		batch->entries[batch->count] = &post->entry;
		batch->count++;
	} else if (entry_has_same_event(&first->entry, &post->entry)) {
		post->repeat = first->repeat;
		first->repeat = post;
	}
}

void batch_fill(struct batch *batch, struct post *const *posts, size_t count)
{
	size_t i;

	batch->count = 0;
	for (i = 0; i < count && batch->count < BATCH_MAX; i++)
		add_post(batch, posts[i]);
}

static enum post_outcome outcome_of(const struct entry *entry)
{
	switch (entry->outcome) {
	case ENTRY_STORED:
		return POST_STORED;
	case ENTRY_REPEATED:
		return POST_REPEATED;
	case ENTRY_CONFLICT:
	default:
		return POST_CONFLICT;
	}
}

static void settle_post(struct post *post)
{
	struct post *repeat;

	post->outcome = outcome_of(&post->entry);
	for (repeat = post->repeat; repeat != NULL; repeat = repeat->repeat) {
		repeat->entry.event.id = post->entry.event.id;
		repeat->entry.event.time_ms = post->entry.event.time_ms;
		repeat->outcome = post->outcome == POST_STORED ? POST_REPEATED
							       : post->outcome;
	}
}

void batch_settle(struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++)
		settle_post(batch->posts[i]);
}

bool batch_is_one_channel(const struct batch *batch)
{
	return entries_share_channel(batch->entries, batch->count);
}
