/* SPDX-License-Identifier: MIT
 *
 * The posts that go into the log in one commit, each key once. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_BATCH_H
#define MESSAGES_FCGI_LOG_BATCH_H

#include <stdbool.h>

#include "messages-fcgi/log/entry.h"

#define BATCH_MAX 256

enum post_outcome {
	POST_WAITING = 0,
	POST_STORED,      /* entry.event has the new id and time */
	POST_REPEATED,    /* entry.event has those of the first with this key */
	POST_CONFLICT,    /* the key belongs to another event */
	POST_UNAVAILABLE, /* stored once or not at all: it is not known */
};

struct submission;

/* One event of a submission, on its way into the log. */
struct post {
	struct entry entry;
	enum post_outcome outcome;
	int64_t deadline_ms; /* clock_ms; then it becomes POST_UNAVAILABLE */
	struct submission *submission;
	struct post *next;   /* in a list */
	struct post *repeat; /* in a batch: the next post that repeats it */
};

/* entries[i] is that of posts[i]. Their keys differ within a channel. Borrows
 * the posts. */
struct batch {
	struct post *posts[BATCH_MAX];
	struct entry *entries[BATCH_MAX];
	size_t count;
};

/* Fills the batch from the front of posts. A post that repeats the key of
 * another with the same event shares its outcome. A post that repeats it with
 * another event is left out: when the next batch has it, the log knows whether
 * the first was stored. */
void batch_fill(struct batch *batch, struct post *const *posts, size_t count);

/* Sets the outcome of each post of the batch, and of those that repeat it, from
 * the outcome of its entry. */
void batch_settle(struct batch *batch);

bool batch_is_one_channel(const struct batch *batch);

#endif
