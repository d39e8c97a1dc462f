/* SPDX-License-Identifier: MIT
 *
 * The one thread that writes to the log: everything that was posted during the
 * last commit goes into the next.
 */
#ifndef MESSAGES_FCGI_COMMITTER_H
#define MESSAGES_FCGI_COMMITTER_H

#include "messages-fcgi/batch.h"
#include "messages-fcgi/publisher.h"
#include "messages-fcgi/store_server.h"

struct committer;

struct committer_options {
	const char *app;
	int64_t post_timeout_ms, lock_timeout_ms;
	size_t posts_max; /* as many threads call committer_post */
};

/* Starts the thread. server and publisher are borrowed and outlive it. */
struct committer *committer_new(struct store_server *server,
				struct publisher *publisher,
				const struct committer_options *options);

/* Answers what is queued, then ends the thread. Nothing may be posted any
 * more. */
void committer_free(struct committer *committer);

/* How long the round of work that runs now has taken; 0 while there is none.
 * More than lock_timeout_ms and the time to connect is more than it may. */
int64_t committer_round_ms(void);

/* Waits until post->entry, whose event and key the caller has set, is in the
 * log and handed to the publisher, and returns how it went: within
 * post_timeout_ms and the time of one statement, always. The same key may be
 * posted again after any answer. The queue is bounded by the number of threads
 * that call this, each of which has one post in it. */
enum post_outcome committer_post(struct committer *committer,
				 struct post *post);

#endif
