/* SPDX-License-Identifier: MIT
 *
 * One event on its way into the log, and its outcome. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_ENTRY_H
#define MESSAGES_FCGI_LOG_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire/event.h"

#define ENTRY_KEY_BYTES 16

enum entry_outcome {
	ENTRY_STORED = 0,
	ENTRY_REPEATED, /* the log has the key, with the same event */
	ENTRY_CONFLICT, /* the log has the key, with another event */
};

/* The caller sets event and key. The store sets outcome, and the id and time_ms
 * of event: the new ones, or those under which the log has the key. */
struct entry {
	struct event event;
	uint8_t key[ENTRY_KEY_BYTES];
	enum entry_outcome outcome;
};

/* Whether both have one key in one channel, so that the log stores only the
 * first. */
bool entry_has_same_key(const struct entry *a, const struct entry *b);

/* Whether the log would take the second for a repetition of the first; else it
 * is a conflict. For entries with the same key. */
bool entry_has_same_event(const struct entry *a, const struct entry *b);

/* Whether all are of one channel. count is at least 1. */
bool entries_share_channel(struct entry *const *entries, size_t count);

#endif
