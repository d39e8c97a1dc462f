/* SPDX-License-Identifier: MIT
 *
 * Comparison of events, as pushlog.append compares them. Knows neither batches
 * nor SQL.
 */
#include "messages-fcgi/log/entry.h"

bool entry_has_same_key(const struct entry *a, const struct entry *b)
{
	return memcmp(a->key, b->key, ENTRY_KEY_BYTES) == 0 &&
	       span_equal(a->event.channel, b->event.channel);
}

bool entry_has_same_event(const struct entry *a, const struct entry *b)
{
	return span_equal(a->event.event, b->event.event) &&
	       span_equal(a->event.name, b->event.name) &&
	       span_equal(a->event.text, b->event.text) &&
	       span_equal(a->event.data, b->event.data) &&
	       span_equal(a->event.exclude, b->event.exclude);
}

bool entries_share_channel(struct entry *const *entries, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (!span_equal(entries[i]->event.channel,
				entries[0]->event.channel))
			return false;
	return true;
}
