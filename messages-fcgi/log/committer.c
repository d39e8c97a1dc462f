/* SPDX-License-Identifier: MIT
 *
 * The queue, the batch, the commit. Knows neither requests nor SQL.
 *
 *     inbox (shared) -> pending (the thread's) -> a batch -> on_answered
 *
 * A post stays pending until it has an outcome, so running a batch again after
 * an unknown outcome is nothing special: it is the next round. Its key is the
 * same, so it is stored once. Each round looks at the deadlines first and
 * takes one statement's time at most; that is the bound on every answer.
 *
 * A locked channel must not slow the others. So a lock is not waited for for
 * long. When a batch of several channels fails for one, each of them becomes
 * suspect and is tried alone, by turns with batches of the channels that are
 * not. The one that fails alone again and again, for as long as the lock
 * timeout, is refused for a while and then tried again.
 */
#include "messages-fcgi/log/committer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/chaos.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "messages-fcgi/log/inbox.h"
#include "messages-fcgi/log/pending.h"
#include "messages-fcgi/log/store.h"
#include "messages-fcgi/stats.h"

/* One wait for a lock, which holds up other channels: this part of the lock
 * timeout, or more where commits are slow, because it is mostly another
 * process's commit that is waited for. */
#define WAIT_PART 10
#define WAIT_COMMITS 4
/* Of the slowest commit so much is forgotten with each one that is faster. */
#define SLOWEST_FADES 8
/* An idle server is asked whether it lives. */
#define CHECK_EVERY_MS 1000

static_assert(COMMITTER_POSTS_MAX == PENDING_MAX,
	      "pending has room for all that the inbox lets in");

struct committer {
	struct committer_options options;
	struct store_server *server;
	struct store *store;
	struct publisher *publisher;
	struct tail_cache *tails;
	pthread_t thread;

	struct inbox *inbox;

	/* all below is the thread's own */
	struct pending pending;
	int64_t slowest_ms; /* of the last commits */
	int64_t retry_at_ms;
	struct backoff backoff;
	unsigned long refused;     /* since posts were last committed */
	_Atomic int64_t *since_ms; /* the stats' for this committer */
};

/* When the thread has something to do even if nothing arrives. */
static int64_t next_due_ms(const struct committer *c)
{
	int64_t deadline_ms = pending_deadline_ms(&c->pending);

	if (c->pending.count == 0)
		return clock_ms() + CHECK_EVERY_MS;
	return deadline_ms < c->retry_at_ms ? deadline_ms : c->retry_at_ms;
}

/* When posts come by the dozen, those that a busy machine has not got round to
 * reading are let in first: this thread, which mostly sleeps, would be given
 * the processor before those that read them, and commit a handful at a time.
 * Where there are processors enough, it takes no time. */
static void let_others_post(const struct committer *c)
{
	if (c->pending.batch.count > 1)
		sched_yield();
}

/* Waits for work and moves the inbox to the end of pending. False if none will
 * come. */
static bool take_posts(struct committer *c)
{
	struct post *posts;
	bool is_open;

	metric_set(c->since_ms, 0);
	let_others_post(c);
	is_open = inbox_take(c->inbox, next_due_ms(c), c->pending.count == 0,
			     &posts);
	metric_set(c->since_ms, clock_ms());
	pending_add(&c->pending, posts);
	return is_open || c->pending.count > 0;
}

static void count_post(enum post_outcome outcome)
{
	static const enum stats_posted posted[] = {
		[POST_STORED] = STATS_STORED,
		[POST_REPEATED] = STATS_REPEATED,
		[POST_CONFLICT] = STATS_CONFLICT,
		[POST_UNAVAILABLE] = STATS_UNAVAILABLE,
	};

	metric_add(&stats()->waiting, -1);
	metric_add(&stats()->posts[posted[outcome]], 1);
}

/* Drops each post that has an outcome, and gives back the submissions that have
 * no open post left. */
static void return_submissions(struct committer *c)
{
	struct submission *first = NULL, **end = &first, *last = NULL;
	size_t count = pending_remove_answered(&c->pending), i;

	for (i = 0; i < count; i++) {
		const struct post *post = c->pending.selected[i];

		count_post(post->outcome);
		if (--post->submission->open > 0)
			continue;
		last = post->submission;
		last->next = NULL;
		*end = last;
		end = &last->next;
	}
	inbox_make_room(c->inbox, count);
	if (first != NULL)
		c->options.on_answered(c->options.ctx, first, last);
}

static void note_refused(struct committer *c, size_t posts)
{
	if (c->refused == 0 && posts > 0)
		log_error("posts are not committed: answering 503");
	c->refused += posts;
}

static void publish_batch(struct committer *c, struct span epoch)
{
	const struct batch *batch = &c->pending.batch;
	const struct event *events[BATCH_MAX];
	size_t count = 0, i;

	/* in the order of the batch, which is that of the ids */
	for (i = 0; i < batch->count; i++)
		if (batch->posts[i]->outcome == POST_STORED)
			events[count++] = &batch->entries[i]->event;
	if (count > 0)
		publisher_publish(c->publisher, c->options.app, epoch, events,
				  count);
	for (i = 0; i < count; i++)
		tail_cache_add(c->tails, c->options.app, epoch, events[i]);
}

static struct span channel_of(const struct batch *batch)
{
	return batch->entries[0]->event.channel;
}

static void on_committed(struct committer *c, struct span epoch)
{
	bool was_refused;

	chaos_point("after-commit");
	was_refused = pending_committed(&c->pending);
	publish_batch(c, epoch);
	chaos_point("after-publish");
	backoff_reset(&c->backoff);
	if (was_refused) {
		struct span channel = channel_of(&c->pending.batch);

		log_info("channel '%.*s' takes posts", (int)channel.len,
			 channel.ptr);
	}
	if (c->refused > 0)
		log_info("posts are committed; %lu were answered 503",
			 c->refused);
	c->refused = 0;
}

static void on_locked(struct committer *c, int64_t began_ms)
{
	struct span channel = channel_of(&c->pending.batch);

	if (pending_locked(&c->pending, began_ms, clock_ms(),
			   c->options.lock_timeout_ms))
		log_warn("channel '%.*s' does not commit in time: "
			 "answering 503",
			 (int)channel.len, channel.ptr);
}

static void on_failed(struct committer *c, enum store_result result)
{
	switch (result) {
	case STORE_BAD: /* nothing about one post, so all get it */
		note_refused(c, pending_refuse_all(&c->pending));
		break;
	case STORE_DOWN:
		c->retry_at_ms = store_server_retry_at_ms(c->server);
		break;
	default:
		c->retry_at_ms = clock_ms();
		c->retry_at_ms +=
			backoff_next_ms(&c->backoff, crypto_random_u32());
		break;
	}
}

/* Rounded up to one of a few, because each change costs a statement. */
static int64_t lock_wait_ms(const struct committer *c)
{
	int64_t ms = c->options.lock_timeout_ms / WAIT_PART + 1;

	while (ms < WAIT_COMMITS * c->slowest_ms)
		ms *= 2;
	return ms < c->options.lock_timeout_ms ? ms
					       : c->options.lock_timeout_ms;
}

static void note_commit(struct committer *c, int64_t took_ms)
{
	c->slowest_ms -= c->slowest_ms / SLOWEST_FADES;
	if (c->slowest_ms < took_ms)
		c->slowest_ms = took_ms;
}

/* An idle connection is asked, so that it is known before the next post whether
 * there is a server. */
static void check_server(struct committer *c)
{
	if (store_check(c->store) == STORE_DOWN)
		c->retry_at_ms = store_server_retry_at_ms(c->server);
}

static void count_batch(enum store_result result, size_t events,
			int64_t duration_us)
{
	static const enum stats_failure failures[] = {
		[STORE_LOCKED] = STATS_LOCKED,
		[STORE_RETRY] = STATS_UNKNOWN,
		[STORE_DOWN] = STATS_DOWN,
		[STORE_BAD] = STATS_REFUSED,
	};

	if (result != STORE_OK) {
		metric_add(&stats()->failures[failures[result]], 1);
		return;
	}
	metric_observe(&stats()->batches, &metric_sizes, (int64_t)events);
	metric_observe(&stats()->commits, &metric_seconds, duration_us);
}

/* One statement at most. */
static void commit_batch(struct committer *c)
{
	const struct batch *batch = &c->pending.batch;
	int64_t began_ms = clock_ms(), began_us;
	struct span epoch;
	enum store_result result;

	pending_choose(&c->pending, began_ms);
	if (batch->count == 0)
		return;
	began_us = clock_us();
	result = store_append(c->store, batch->entries, batch->count,
			      lock_wait_ms(c), &epoch);
	count_batch(result, batch->count, clock_us() - began_us);
	if (result == STORE_OK) {
		note_commit(c, clock_ms() - began_ms);
		on_committed(c, epoch);
	} else if (result == STORE_LOCKED) {
		on_locked(c, began_ms);
	} else {
		on_failed(c, result);
	}
}

static void *run_committer(void *arg)
{
	struct committer *c = arg;

	/* so that the log says at the start whether there is a server */
	if (store_open(c->store) != STORE_OK)
		c->retry_at_ms = store_server_retry_at_ms(c->server);
	while (take_posts(c)) {
		int64_t now_ms = clock_ms();

		note_refused(c, pending_refuse_expired(&c->pending, now_ms));
		if (now_ms >= c->retry_at_ms)
			(c->pending.count == 0 ? check_server
					       : commit_batch)(c);
		return_submissions(c);
	}
	return NULL;
}

struct committer *committer_new(struct store_server *server,
				struct publisher *publisher,
				struct tail_cache *tails,
				const struct committer_options *options)
{
	struct committer *c = xcalloc(1, sizeof(*c));

	c->options = *options;
	c->server = server;
	c->store = store_new_writer(server, options->app);
	c->publisher = publisher;
	c->tails = tails;
	c->since_ms = stats_committing_since_ms(options->number);
	c->inbox = inbox_new(COMMITTER_POSTS_MAX);
	if ((errno = pthread_create(&c->thread, NULL, run_committer, c)) != 0)
		fatal("cannot start the committer");
	return c;
}

void committer_free(struct committer *c)
{
	inbox_close(c->inbox);
	pthread_join(c->thread, NULL);
	store_free(c->store);
	inbox_free(c->inbox);
	free(c);
}

int64_t committer_round_ms(void)
{
	int64_t longest_ms = 0, since_ms;
	size_t i;

	for (i = 0; i < STATS_COMMITTERS; i++) {
		since_ms = metric_get(&stats()->committing_since_ms[i]);
		if (since_ms != 0 && clock_ms() - since_ms > longest_ms)
			longest_ms = clock_ms() - since_ms;
	}
	return longest_ms;
}

static void init_posts(const struct committer *c, struct submission *submission)
{
	int64_t deadline_ms = clock_ms() + c->options.post_timeout_ms;
	size_t i;

	submission->open = submission->count;
	for (i = 0; i < submission->count; i++) {
		struct post *post = &submission->posts[i];

		post->outcome = POST_WAITING;
		post->deadline_ms = deadline_ms;
		post->submission = submission;
		post->next = post + 1;
	}
	submission->posts[submission->count - 1].next = NULL;
}

void committer_post(struct committer *c, struct submission *submission)
{
	size_t count = submission->count;

	assert(count > 0 && count <= COMMITTER_POSTS_MAX);
	init_posts(c, submission);
	metric_add(&stats()->waiting, (int64_t)count);
	inbox_put(c->inbox, submission->posts, &submission->posts[count - 1],
		  count);
}
