/* SPDX-License-Identifier: MIT
 *
 * The one thread of a process that writes to an app's log. Each commit stores
 * all posts that arrived during the one before. Knows no requests.
 */
#ifndef MESSAGES_FCGI_LOG_COMMITTER_H
#define MESSAGES_FCGI_LOG_COMMITTER_H

#include "messages-fcgi/log/batch.h"
#include "messages-fcgi/log/store_server.h"
#include "messages-fcgi/log/submission.h"
#include "messages-fcgi/log/tail_cache.h"
#include "messages-fcgi/redis/publisher.h"

struct committer;

/* Gives back submissions, linked by next from first to last, whose posts all
 * have an outcome. Runs in the committer's thread. Must not block: it delays
 * the next commit. */
typedef void committer_answered_fn(void *ctx, struct submission *first,
				   struct submission *last);

struct committer_options {
	const char *app;         /* borrowed */
	size_t number;           /* of the committer, from 0; for its metrics */
	int64_t post_timeout_ms; /* see committer_post */
	int64_t lock_timeout_ms; /* how long a channel may stay locked before
				  * its posts are refused */
	committer_answered_fn *on_answered;
	void *ctx;
};

/* Posts of one committer that wait for a commit at the same time: a few full
 * batches. */
#define COMMITTER_POSTS_MAX 1024

/* Starts the thread. Copies *options; the others are borrowed, and must outlive
 * the committer. Stored events go to the publisher and the cache. */
struct committer *committer_new(struct store_server *server,
				struct publisher *publisher,
				struct tail_cache *cache,
				const struct committer_options *options);

/* Gives back all submissions, then ends the thread. The caller posts nothing
 * more. */
void committer_free(struct committer *committer);

/* The age of the oldest round of work that a committer is in, in ms; 0 if none
 * works. A round that lasts longer than lock_timeout_ms and the time to connect
 * hangs. */
int64_t committer_round_ms(void);

/* Stores the posts of the submission, publishes them, and gives the submission
 * back, which may happen before this returns. Each post gets its outcome within
 * post_timeout_ms and the time of one statement, whatever fails. After any
 * outcome a post may be repeated with the same key. Posts of one channel get
 * ids in the order of the array. Blocks only while COMMITTER_POSTS_MAX leaves
 * no room, and then gives way; see leader.h. */
void committer_post(struct committer *committer, struct submission *submission);

#endif
