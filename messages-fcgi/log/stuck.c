/* SPDX-License-Identifier: MIT
 *
 * A short list of channels. It is nearly always empty, so it is searched from
 * front to back. Knows neither posts nor SQL.
 */
#include "messages-fcgi/log/stuck.h"

#include <assert.h>

static size_t position(const struct stuck *stuck, struct span channel)
{
	size_t i;

	for (i = 0; i < stuck->count; i++)
		if (span_equal(channel, span_of(stuck->channels[i].name,
						stuck->channels[i].len)))
			break;
	return i;
}

static void remove_at(struct stuck *stuck, size_t i)
{
	stuck->count--;
	memmove(&stuck->channels[i], &stuck->channels[i + 1],
		(stuck->count - i) * sizeof(stuck->channels[0]));
}

enum stuck_state stuck_find(const struct stuck *stuck, struct span channel,
			    int64_t now_ms)
{
	size_t i = position(stuck, channel);

	if (i == stuck->count)
		return STUCK_NO;
	return now_ms < stuck->channels[i].probe_at_ms ? STUCK_REFUSE
						       : STUCK_PROBE;
}

static struct stuck_channel *get(struct stuck *stuck, struct span channel)
{
	size_t i = position(stuck, channel);
	struct stuck_channel *entry;

	if (i < stuck->count)
		return &stuck->channels[i];
	assert(channel.len <= CHANNEL_NAME_MAX);
	if (stuck->count == STUCK_MAX)
		remove_at(stuck, 0);
	entry = &stuck->channels[stuck->count++];
	memcpy(entry->name, channel.ptr, channel.len);
	entry->len = channel.len;
	entry->since_ms = entry->probe_at_ms = 0;
	return entry;
}

size_t stuck_turn(const struct stuck *stuck, struct span channel)
{
	return position(stuck, channel);
}

void stuck_suspect(struct stuck *stuck, struct span channel)
{
	get(stuck, channel);
}

int64_t stuck_locked(struct stuck *stuck, struct span channel, int64_t now_ms)
{
	struct stuck_channel entry = *get(stuck, channel);

	if (entry.since_ms == 0)
		entry.since_ms = now_ms;
	remove_at(stuck, position(stuck, channel));
	stuck->channels[stuck->count++] = entry;
	return entry.since_ms;
}

bool stuck_refuse(struct stuck *stuck, struct span channel, int64_t probe_at_ms)
{
	struct stuck_channel *entry = get(stuck, channel);
	bool is_news = entry->probe_at_ms == 0;

	entry->probe_at_ms = probe_at_ms;
	return is_news;
}

bool stuck_forget(struct stuck *stuck, struct span channel)
{
	size_t i = position(stuck, channel);
	bool was_refused;

	if (i == stuck->count)
		return false;
	was_refused = stuck->channels[i].probe_at_ms != 0;
	remove_at(stuck, i);
	return was_refused;
}
