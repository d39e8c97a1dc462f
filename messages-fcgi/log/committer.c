/* SPDX-License-Identifier: MIT
 *
 * Rounds of work: deadlines, one commit, answers. Knows neither requests nor
 * SQL.
 *
 *     inbox (shared) -> pending (the thread's) -> its batch -> on_answered
 *
 * A post stays pending until it has an outcome. So if a commit's outcome is
 * unknown, the next round runs the batch again, and the keys keep it from being
 * stored twice. Each round checks the deadlines first and then runs one
 * statement at most, which bounds the time to each answer.
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

/* A wait for a lock holds up other channels. So it lasts a tenth of the lock
 * timeout, or four times the slowest commit if that is longer: the lock is
 * mostly held for another process's commit. */
#define WAIT_PART 10
#define WAIT_COMMITS 4
/* slowest_ms decays by 1/8 on each faster commit. */
#define SLOWEST_FADES 8
/* How often an idle server is checked. */
#define CHECK_EVERY_MS 1000

static_assert(COMMITTER_POSTS_MAX == PENDING_MAX,
	      "pending has room for all that the inbox lets in");

struct committer {
	struct committer_options options;
	struct store_server *server;
	struct store *store;
	struct publisher *publisher;
	struct tail_cache *cache;
	pthread_t thread;

	struct inbox *inbox;

	/* all below is the thread's own */
	struct pending pending;
	int64_t slowest_ms; /* duration of the slowest recent commit */
	int64_t retry_at_ms;
	struct backoff backoff;
	unsigned long refused;     /* posts, since the last commit */
	_Atomic int64_t *since_ms; /* in the stats: when the round began */
};

/* When the next round is due even if nothing arrives. */
static int64_t next_due_ms(const struct committer *c)
{
	int64_t deadline_ms = pending_deadline_ms(&c->pending);

	if (c->pending.count == 0)
		return clock_ms() + CHECK_EVERY_MS;
	return deadline_ms < c->retry_at_ms ? deadline_ms : c->retry_at_ms;
}

/* Under load, lets request threads queue the posts that have arrived. The
 * kernel favours this thread, which mostly sleeps, so that it would commit a
 * handful at a time. On idle processors the call returns at once. */
static void let_others_post(const struct committer *c)
{
	if (c->pending.batch.count > 1)
		sched_yield();
}

/* Waits for work, and moves the inbox to the end of pending. False when all
 * work is done and no more comes. */
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

/* Removes the posts that have an outcome, and gives back the submissions that
 * have no other. */
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

	/* in the batch's order, which is that of the ids */
	for (i = 0; i < batch->count; i++)
		if (batch->posts[i]->outcome == POST_STORED)
			events[count++] = &batch->entries[i]->event;
	if (count > 0)
		publisher_publish(c->publisher, c->options.app, epoch, events,
				  count);
	for (i = 0; i < count; i++)
		tail_cache_add(c->cache, c->options.app, epoch, events[i]);
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

		log_info("channel '%.*s' accepts posts again", (int)channel.len,
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
		log_warn("channel '%.*s' stays locked: "
			 "answering 503",
			 (int)channel.len, channel.ptr);
}

static void on_failed(struct committer *c, enum store_result result)
{
	switch (result) {
	case STORE_BAD: /* the cause is no single post: refuse all */
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

/* Rounded up to one of a few values, because each change costs a statement. */
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

/* Checks an idle connection, so that an outage is noticed before the next
 * post. */
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

/* Runs one append at most. */
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

	/* log at the start whether the server answers */
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
				struct tail_cache *cache,
				const struct committer_options *options)
{
	struct committer *c = xcalloc(1, sizeof(*c));

	c->options = *options;
	c->server = server;
	c->store = store_new_writer(server, options->app);
	c->publisher = publisher;
	c->cache = cache;
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
