/* SPDX-License-Identifier: MIT
 *
 * A short list. It is nearly always empty, so a search goes from front to back.
 * Knows neither posts nor SQL.
 */
#include "messages-fcgi/log/locked_channels.h"

#include <assert.h>

static size_t position(const struct locked_channels *locked,
		       struct span channel)
{
	size_t i;

	for (i = 0; i < locked->count; i++)
		if (span_equal(channel, span_of(locked->channels[i].name,
						locked->channels[i].len)))
			break;
	return i;
}

static void remove_at(struct locked_channels *locked, size_t i)
{
	locked->count--;
	memmove(&locked->channels[i], &locked->channels[i + 1],
		(locked->count - i) * sizeof(locked->channels[0]));
}

enum locked_channels_state
locked_channels_find(const struct locked_channels *locked, struct span channel,
		     int64_t now_ms)
{
	size_t i = position(locked, channel);

	if (i == locked->count)
		return LOCKED_CHANNELS_NO;
	return now_ms < locked->channels[i].probe_at_ms ? LOCKED_CHANNELS_REFUSE
							: LOCKED_CHANNELS_PROBE;
}

static struct locked_channels_channel *get(struct locked_channels *locked,
					   struct span channel)
{
	size_t i = position(locked, channel);
	struct locked_channels_channel *entry;

	if (i < locked->count)
		return &locked->channels[i];
	assert(channel.len <= CHANNEL_NAME_MAX);
	if (locked->count == LOCKED_CHANNELS_MAX)
		remove_at(locked, 0);
	entry = &locked->channels[locked->count++];
	memcpy(entry->name, channel.ptr, channel.len);
	entry->len = channel.len;
	entry->since_ms = entry->probe_at_ms = 0;
	return entry;
}

size_t locked_channels_turn(const struct locked_channels *locked,
			    struct span channel)
{
	return position(locked, channel);
}

void locked_channels_suspect(struct locked_channels *locked,
			     struct span channel)
{
	get(locked, channel);
}

int64_t locked_channels_locked(struct locked_channels *locked,
			       struct span channel, int64_t now_ms)
{
	struct locked_channels_channel entry = *get(locked, channel);

	if (entry.since_ms == 0)
		entry.since_ms = now_ms;
	remove_at(locked, position(locked, channel));
	locked->channels[locked->count++] = entry;
	return entry.since_ms;
}

bool locked_channels_refuse(struct locked_channels *locked, struct span channel,
			    int64_t probe_at_ms)
{
	struct locked_channels_channel *entry = get(locked, channel);
	bool is_new = entry->probe_at_ms == 0;

	entry->probe_at_ms = probe_at_ms;
	return is_new;
}

bool locked_channels_forget(struct locked_channels *locked, struct span channel)
{
	size_t i = position(locked, channel);
	bool was_refused;

	if (i == locked->count)
		return false;
	was_refused = locked->channels[i].probe_at_ms != 0;
	remove_at(locked, i);
	return was_refused;
}
