/* SPDX-License-Identifier: MIT
 *
 * The posts that a committer has taken and not answered, and which of them to
 * commit next. Pure.
 *
 * A locked channel must not slow the others. When a batch of several channels
 * waits for a lock in vain, each of its channels becomes a suspect. A suspect
 * is tried alone, in a batch called a probe; probes alternate with batches of
 * the other channels. A channel whose probes find it locked for as long as the
 * lock timeout is refused for PENDING_REFUSE_MS, and then probed again.
 */
#ifndef MESSAGES_FCGI_LOG_PENDING_H
#define MESSAGES_FCGI_LOG_PENDING_H

#include "messages-fcgi/log/batch.h"
#include "messages-fcgi/log/locked_channels.h"

#define PENDING_MAX 1024
#define PENDING_REFUSE_MS 1000

/* Borrows the posts. All zero: there are none. */
struct pending {
	struct post *posts[PENDING_MAX]; /* oldest first */
	size_t count;
	struct post *selected[PENDING_MAX];
	struct batch batch; /* of pending_choose */
	bool is_probe;      /* the last batch that was not empty is one */
	struct locked_channels locked;
};

/* Adds posts without an outcome, linked by next; PENDING_MAX in all. */
void pending_add(struct pending *pending, struct post *posts);

/* The earliest deadline; INT64_MAX if there are no posts. */
int64_t pending_deadline_ms(const struct pending *pending);

/* Fills batch with posts to commit together; it may stay empty. The posts of
 * channels that are refused get the outcome POST_UNAVAILABLE. */
void pending_choose(struct pending *pending, int64_t now_ms);

/* The batch is committed, and its entries have outcomes: so have its posts now.
 * True: it was a probe of a channel that was refused. */
bool pending_committed(struct pending *pending);

/* The batch, tried at began_ms, waited for a lock in vain. True: its channel is
 * refused from now on. */
bool pending_locked(struct pending *pending, int64_t began_ms, int64_t now_ms,
		    int64_t lock_timeout_ms);

/* Give POST_UNAVAILABLE to the posts without an outcome, to those whose
 * deadline is now or past or to all. Return their number. */
size_t pending_refuse_expired(struct pending *pending, int64_t now_ms);
size_t pending_refuse_all(struct pending *pending);

/* Moves the posts that have an outcome to the front of selected. Returns their
 * number. */
size_t pending_remove_answered(struct pending *pending);

#endif
