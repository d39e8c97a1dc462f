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
	POST_REPEATED,    /* those of the first with this key */
	POST_CONFLICT,    /* the key belongs to another event */
	POST_UNAVAILABLE, /* stored once or not at all, nobody knows yet */
};

struct submission;

/* One event of a submission. */
struct post {
	struct entry entry;
	enum post_outcome outcome;
	int64_t deadline_ms; /* it is answered soon after, in any case */
	struct submission *submission;
	struct post *next;   /* in the committer's inbox */
	struct post *repeat; /* in a batch: the next one that repeats it */
};

/* posts[i] and entries[i] belong together; their keys differ within a channel.
 * Borrows the posts. */
struct batch {
	struct post *posts[BATCH_MAX];
	struct entry *entries[BATCH_MAX];
	size_t count;
};

/* Fills the batch from the front of posts. One that repeats the key of another
 * with the same event gets that one's answer. One that repeats it with another
 * event is left out: the next batch asks the log, which knows by then whether
 * the first was stored. */
void batch_fill(struct batch *batch, struct post *const *posts, size_t count);

/* Sets the outcome of every post of the batch and of its repetitions from what
 * the store said of the entries. */
void batch_settle(struct batch *batch);

bool batch_is_one_channel(const struct batch *batch);

#endif
