/* SPDX-License-Identifier: MIT
 *
 * The one thread that writes to an app's log: everything that was posted during
 * the last commit goes into the next.
 */
#ifndef MESSAGES_FCGI_LOG_COMMITTER_H
#define MESSAGES_FCGI_LOG_COMMITTER_H

#include "messages-fcgi/log/batch.h"
#include "messages-fcgi/log/store_server.h"
#include "messages-fcgi/log/submission.h"
#include "messages-fcgi/log/tail_cache.h"
#include "messages-fcgi/redis/publisher.h"

struct committer;

/* Gives back submissions, linked by next from first to last: each of their
 * posts has an outcome. Must not block, because it delays the next commit. */
typedef void committer_answered_fn(void *ctx, struct submission *first,
				   struct submission *last);

struct committer_options {
	const char *app;
	size_t number; /* of the committer, from 0 */
	int64_t post_timeout_ms, lock_timeout_ms;
	committer_answered_fn *on_answered; /* by the committer's thread */
	void *ctx;
};

/* Posts that wait for their commit at the same time: some full batches. More
 * wait where they cost less memory. */
#define COMMITTER_POSTS_MAX 1024

/* Starts the thread. What it works with is borrowed and outlives it. */
struct committer *committer_new(struct store_server *server,
				struct publisher *publisher,
				struct tail_cache *tails,
				const struct committer_options *options);

/* Answers what is queued, then ends the thread. Nothing may be posted any
 * more. */
void committer_free(struct committer *committer);

/* How long the round of work that runs now has taken, of the committer that is
 * at its longest; 0 while there is none. More than lock_timeout_ms and the time
 * to connect is more than it may. */
int64_t committer_round_ms(void);

/* Has the posts put into the log and handed to the publisher, or not: each has
 * its outcome within post_timeout_ms and the time of one statement, always.
 * Those of one channel get their ids in the order in which they stand. The same
 * keys may be posted again after any answer. Waits only while too many others
 * do; on_answered may have run before this returns. */
void committer_post(struct committer *committer, struct submission *submission);

#endif
