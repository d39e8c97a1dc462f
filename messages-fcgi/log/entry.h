/* SPDX-License-Identifier: MIT
 *
 * One event on its way into the log, and what became of it. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_ENTRY_H
#define MESSAGES_FCGI_LOG_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire/event.h"

#define ENTRY_KEY_BYTES 16

enum entry_outcome {
	ENTRY_STORED = 0,
	ENTRY_REPEATED, /* the key was there, with the same event */
	ENTRY_CONFLICT, /* the key was there, with another event */
};

/* Its owner sets event and key. The store sets the rest, and event's id and
 * time_ms: those of the first with this key if it is a repetition. */
struct entry {
	struct event event;
	uint8_t key[ENTRY_KEY_BYTES];
	enum entry_outcome outcome;
};

/* Whether the log would take one for a repetition of the other: a key counts
 * within its channel. */
bool entry_has_same_key(const struct entry *a, const struct entry *b);

/* Whether it would then be one, and not a conflict. */
bool entry_has_same_event(const struct entry *a, const struct entry *b);

/* Whether all are of one channel; there is at least one. */
bool entries_share_channel(struct entry *const *entries, size_t count);

#endif
