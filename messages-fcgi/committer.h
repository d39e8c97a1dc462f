/* SPDX-License-Identifier: MIT
 *
 * The one thread that writes to an app's log: everything that was posted during
 * the last commit goes into the next.
 */
#ifndef MESSAGES_FCGI_COMMITTER_H
#define MESSAGES_FCGI_COMMITTER_H

#include "messages-fcgi/batch.h"
#include "messages-fcgi/publisher.h"
#include "messages-fcgi/store_server.h"
#include "messages-fcgi/tails.h"

struct committer;

struct committer_options {
	const char *app;
	size_t number; /* of the committer, from 0 */
	int64_t post_timeout_ms, lock_timeout_ms;
	size_t posts_max; /* that all who call committer_post bring at once */
};

/* Starts the thread. What it works with is borrowed and outlives it. */
struct committer *committer_new(struct store_server *server,
				struct publisher *publisher,
				struct tails *tails,
				const struct committer_options *options);

/* Answers what is queued, then ends the thread. Nothing may be posted any
 * more. */
void committer_free(struct committer *committer);

/* How long the round of work that runs now has taken, of the committer that is
 * at its longest; 0 while there is none. More than lock_timeout_ms and the time
 * to connect is more than it may. */
int64_t committer_round_ms(void);

/* Waits until the posts' entries, whose events and keys the caller has set, are
 * in the log and handed to the publisher, or not: each post has its outcome
 * within post_timeout_ms and the time of one statement, always. Those of one
 * channel get their ids in the order in which they stand. The same keys may be
 * posted again after any answer. */
void committer_post(struct committer *committer, struct post *posts,
		    size_t count);

#endif
