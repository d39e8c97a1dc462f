/* SPDX-License-Identifier: MIT
 *
 * Turns and refusals. Knows neither threads nor SQL.
 */
#include "messages-fcgi/log/pending.h"

#include <assert.h>

void pending_add(struct pending *pending, struct post *posts)
{
	for (; posts != NULL; posts = posts->next) {
		assert(pending->count < PENDING_MAX);
		pending->posts[pending->count++] = posts;
	}
}

int64_t pending_deadline_ms(const struct pending *pending)
{
	int64_t first_ms = INT64_MAX;
	size_t i;

	for (i = 0; i < pending->count; i++)
		if (pending->posts[i]->deadline_ms < first_ms)
			first_ms = pending->posts[i]->deadline_ms;
	return first_ms;
}

/* Selects the waiting posts of channels that are not suspect; returns their
 * number. *suspect: the channel to probe next; absent: none. */
static size_t select_unsuspected(struct pending *pending, int64_t now_ms,
				 struct span *suspect)
{
	size_t turn = SIZE_MAX, count = 0, i;

	*suspect = span_of(NULL, 0);
	for (i = 0; i < pending->count; i++) {
		struct post *post = pending->posts[i];
		struct span channel = post->entry.event.channel;

		switch (locked_channels_find(&pending->locked, channel,
					     now_ms)) {
		case LOCKED_CHANNELS_REFUSE:
			post->outcome = POST_UNAVAILABLE;
			break;
		case LOCKED_CHANNELS_PROBE:
			if (locked_channels_turn(&pending->locked, channel) <
			    turn) {
				turn = locked_channels_turn(&pending->locked,
							    channel);
				*suspect = channel;
			}
			break;
		case LOCKED_CHANNELS_NO:
			if (post->outcome == POST_WAITING)
				pending->selected[count++] = post;
			break;
		}
	}
	return count;
}

static size_t select_channel(struct pending *pending, struct span channel)
{
	size_t count = 0, i;

	for (i = 0; i < pending->count; i++)
		if (pending->posts[i]->outcome == POST_WAITING &&
		    span_equal(pending->posts[i]->entry.event.channel, channel))
			pending->selected[count++] = pending->posts[i];
	return count;
}

void pending_choose(struct pending *pending, int64_t now_ms)
{
	struct span suspect;
	size_t count = select_unsuspected(pending, now_ms, &suspect);
	bool is_probe =
		suspect.ptr != NULL && (count == 0 || !pending->is_probe);

	if (is_probe)
		count = select_channel(pending, suspect);
	batch_fill(&pending->batch, pending->selected, count);
	if (pending->batch.count > 0)
		pending->is_probe = is_probe;
}

bool pending_committed(struct pending *pending)
{
	const struct batch *batch = &pending->batch;

	batch_settle(&pending->batch);
	return pending->is_probe &&
	       locked_channels_forget(&pending->locked,
				      batch->entries[0]->event.channel);
}

static void suspect_all(struct pending *pending)
{
	const struct batch *batch = &pending->batch;
	size_t i;

	for (i = 0; i < batch->count; i++)
		locked_channels_suspect(&pending->locked,
					batch->entries[i]->event.channel);
}

static void refuse_channel(struct pending *pending, struct span channel)
{
	size_t i;

	for (i = 0; i < pending->count; i++)
		if (span_equal(pending->posts[i]->entry.event.channel, channel))
			pending->posts[i]->outcome = POST_UNAVAILABLE;
}

bool pending_locked(struct pending *pending, int64_t began_ms, int64_t now_ms,
		    int64_t lock_timeout_ms)
{
	struct span channel = pending->batch.entries[0]->event.channel;
	int64_t since_ms;

	if (!batch_is_one_channel(&pending->batch)) {
		suspect_all(pending);
		return false;
	}
	since_ms = locked_channels_locked(&pending->locked, channel, began_ms);
	if (now_ms - since_ms < lock_timeout_ms)
		return false;
	refuse_channel(pending, channel);
	return locked_channels_refuse(&pending->locked, channel,
				      now_ms + PENDING_REFUSE_MS);
}

size_t pending_refuse_expired(struct pending *pending, int64_t now_ms)
{
	size_t refused = 0, i;

	for (i = 0; i < pending->count; i++) {
		struct post *post = pending->posts[i];

		if (post->outcome != POST_WAITING || post->deadline_ms > now_ms)
			continue;
		post->outcome = POST_UNAVAILABLE;
		refused++;
	}
	return refused;
}

size_t pending_refuse_all(struct pending *pending)
{
	return pending_refuse_expired(pending, INT64_MAX);
}

size_t pending_remove_answered(struct pending *pending)
{
	size_t kept = 0, answered = 0, i;

	for (i = 0; i < pending->count; i++) {
		struct post *post = pending->posts[i];

		if (post->outcome == POST_WAITING)
			pending->posts[kept++] = post;
		else
			pending->selected[answered++] = post;
	}
	pending->count = kept;
	return answered;
}
