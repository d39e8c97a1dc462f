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
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/chaos.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "messages-fcgi/leader.h"
#include "messages-fcgi/log/locked_channels.h"
#include "messages-fcgi/log/store.h"
#include "messages-fcgi/stats.h"

/* How long a channel that was found locked is refused before it is tried. */
#define STUCK_MS 1000
/* One wait for a lock, which holds up other channels: this part of the lock
 * timeout, or more where commits are slow, because it is mostly another
 * process's commit that is waited for. */
#define WAIT_PART 10
#define WAIT_COMMITS 4
/* Of the slowest commit so much is forgotten with each one that is faster. */
#define SLOWEST_FADES 8
/* An idle server is asked whether it lives. */
#define CHECK_EVERY_MS 1000

struct committer {
	struct committer_options options;
	struct store_server *server;
	struct store *store;
	struct publisher *publisher;
	struct tail_cache *tails;
	pthread_t thread;

	pthread_mutex_t lock; /* of the next five */
	pthread_cond_t arrived, left;
	struct post *inbox, **inbox_end;
	size_t room; /* for posts, of COMMITTER_POSTS_MAX */
	bool is_stopping;

	/* all below is the thread's own */
	struct post *pending[COMMITTER_POSTS_MAX];
	struct post *candidates[COMMITTER_POSTS_MAX];
	size_t pending_count;
	struct batch batch;
	struct locked_channels locked;
	bool was_probe;     /* the last round was one */
	int64_t slowest_ms; /* of the last commits */
	int64_t retry_at_ms;
	struct backoff backoff;
	unsigned long refused;     /* since posts were last committed */
	_Atomic int64_t *since_ms; /* the stats' for this committer */
};

static struct timespec at_ms(int64_t ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

/* When the thread has something to do even if nothing arrives. */
static int64_t next_due_ms(const struct committer *c)
{
	int64_t due_ms = c->retry_at_ms;
	size_t i;

	if (c->pending_count == 0)
		return clock_ms() + CHECK_EVERY_MS;
	for (i = 0; i < c->pending_count; i++)
		if (c->pending[i]->deadline_ms < due_ms)
			due_ms = c->pending[i]->deadline_ms;
	return due_ms;
}

/* When posts come by the dozen, those that a busy machine has not got round to
 * reading are let in first: this thread, which mostly sleeps, would be given
 * the processor before those that read them, and commit a handful at a time.
 * Where there are processors enough, it takes no time. */
static void let_others_post(const struct committer *c)
{
	if (c->batch.count > 1)
		sched_yield();
}

/* Waits for work and moves the inbox to the end of pending. False if none will
 * come. */
static bool take_posts(struct committer *c)
{
	int64_t due_ms = next_due_ms(c);
	struct timespec until = at_ms(due_ms);
	struct post *post;
	bool is_over;
	int error = 0;

	metric_set(c->since_ms, 0);
	let_others_post(c);
	pthread_mutex_lock(&c->lock);
	is_over = c->is_stopping && c->pending_count == 0;
	while (c->inbox == NULL && !is_over && error == 0 &&
	       due_ms > clock_ms()) {
		error = pthread_cond_timedwait(&c->arrived, &c->lock, &until);
		is_over = c->is_stopping && c->pending_count == 0;
	}
	post = c->inbox;
	c->inbox = NULL;
	c->inbox_end = &c->inbox;
	pthread_mutex_unlock(&c->lock);
	metric_set(c->since_ms, clock_ms());

	for (; post != NULL; post = post->next) {
		assert(c->pending_count < COMMITTER_POSTS_MAX);
		c->pending[c->pending_count++] = post;
	}
	return c->pending_count > 0 || !is_over;
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

static void make_room(struct committer *c, size_t posts)
{
	pthread_mutex_lock(&c->lock);
	c->room += posts;
	pthread_mutex_unlock(&c->lock);
	pthread_cond_broadcast(&c->left);
}

/* Drops each post that has an outcome, and gives back the submissions that have
 * no open post left. */
static void return_submissions(struct committer *c)
{
	struct submission *first = NULL, **end = &first, *last = NULL;
	size_t kept = 0, i;

	for (i = 0; i < c->pending_count; i++) {
		struct post *post = c->pending[i];

		if (post->outcome == POST_WAITING) {
			c->pending[kept++] = post;
			continue;
		}
		count_post(post->outcome);
		if (--post->submission->open > 0)
			continue;
		last = post->submission;
		last->next = NULL;
		*end = last;
		end = &last->next;
	}
	make_room(c, c->pending_count - kept);
	c->pending_count = kept;
	if (first != NULL)
		c->options.on_answered(c->options.ctx, first, last);
}

static void refuse_post(struct committer *c, struct post *post)
{
	if (post->outcome != POST_WAITING)
		return;
	post->outcome = POST_UNAVAILABLE;
	if (c->refused++ == 0)
		log_error("posts are not committed: answering 503");
}

static void refuse_expired(struct committer *c, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < c->pending_count; i++)
		if (c->pending[i]->deadline_ms <= now_ms)
			refuse_post(c, c->pending[i]);
}

static void refuse_channel(struct committer *c, struct span channel)
{
	size_t i;

	for (i = 0; i < c->pending_count; i++)
		if (span_equal(c->pending[i]->entry.event.channel, channel))
			c->pending[i]->outcome = POST_UNAVAILABLE;
}

/* Fills the batch with the channels that nothing is known of, or with one that
 * is suspect: *is_probe. */
static void choose_posts(struct committer *c, int64_t now_ms, bool *is_probe)
{
	struct span suspect = span_of(NULL, 0);
	size_t turn = SIZE_MAX, count = 0, i;

	for (i = 0; i < c->pending_count; i++) {
		struct post *post = c->pending[i];
		struct span channel = post->entry.event.channel;

		switch (locked_channels_find(&c->locked, channel, now_ms)) {
		case LOCKED_CHANNELS_REFUSE:
			post->outcome = POST_UNAVAILABLE;
			break;
		case LOCKED_CHANNELS_PROBE:
			if (locked_channels_turn(&c->locked, channel) < turn) {
				turn = locked_channels_turn(&c->locked,
							    channel);
				suspect = channel;
			}
			break;
		case LOCKED_CHANNELS_NO:
			if (post->outcome == POST_WAITING)
				c->candidates[count++] = post;
			break;
		}
	}
	*is_probe = suspect.ptr != NULL && (count == 0 || !c->was_probe);
	if (*is_probe) {
		count = 0;
		for (i = 0; i < c->pending_count; i++)
			if (c->pending[i]->outcome == POST_WAITING &&
			    span_equal(c->pending[i]->entry.event.channel,
				       suspect))
				c->candidates[count++] = c->pending[i];
	}
	batch_fill(&c->batch, c->candidates, count);
}

static void publish_batch(struct committer *c, struct span epoch)
{
	const struct event *events[BATCH_MAX];
	size_t count = 0, i;

	/* in the order of the batch, which is that of the ids */
	for (i = 0; i < c->batch.count; i++)
		if (c->batch.posts[i]->outcome == POST_STORED)
			events[count++] = &c->batch.entries[i]->event;
	if (count > 0)
		publisher_publish(c->publisher, c->options.app, epoch, events,
				  count);
	for (i = 0; i < count; i++)
		tail_cache_add(c->tails, c->options.app, epoch, events[i]);
}

static void on_committed(struct committer *c, struct span epoch, bool is_probe)
{
	struct span channel = c->batch.entries[0]->event.channel;

	chaos_point("after-commit");
	batch_settle(&c->batch);
	publish_batch(c, epoch);
	chaos_point("after-publish");
	backoff_reset(&c->backoff);
	if (is_probe && locked_channels_forget(&c->locked, channel))
		log_info("channel '%.*s' takes posts", (int)channel.len,
			 channel.ptr);
	if (c->refused > 0)
		log_info("posts are committed; %lu were answered 503",
			 c->refused);
	c->refused = 0;
}

static void on_locked(struct committer *c, int64_t began_ms)
{
	struct span channel = c->batch.entries[0]->event.channel;
	int64_t now_ms = clock_ms();
	size_t i;

	if (!batch_is_one_channel(&c->batch)) {
		for (i = 0; i < c->batch.count; i++)
			locked_channels_suspect(
				&c->locked, c->batch.entries[i]->event.channel);
		return;
	}
	if (now_ms - locked_channels_locked(&c->locked, channel, began_ms) <
	    c->options.lock_timeout_ms)
		return;
	if (locked_channels_refuse(&c->locked, channel, now_ms + STUCK_MS))
		log_warn("channel '%.*s' does not commit in time: "
			 "answering 503",
			 (int)channel.len, channel.ptr);
	refuse_channel(c, channel);
}

static void on_failed(struct committer *c, enum store_result result)
{
	size_t i;

	switch (result) {
	case STORE_BAD: /* nothing about one post, so all get it */
		for (i = 0; i < c->pending_count; i++)
			refuse_post(c, c->pending[i]);
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
	int64_t began_ms = clock_ms(), began_us;
	struct span epoch;
	enum store_result result;
	bool is_probe;

	choose_posts(c, began_ms, &is_probe);
	if (c->batch.count == 0)
		return;
	c->was_probe = is_probe;
	began_us = clock_us();
	result = store_append(c->store, c->batch.entries, c->batch.count,
			      lock_wait_ms(c), &epoch);
	count_batch(result, c->batch.count, clock_us() - began_us);
	if (result == STORE_OK) {
		note_commit(c, clock_ms() - began_ms);
		on_committed(c, epoch, is_probe);
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

		refuse_expired(c, now_ms);
		if (now_ms >= c->retry_at_ms)
			(c->pending_count == 0 ? check_server
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
	pthread_condattr_t attr;

	c->options = *options;
	c->server = server;
	c->store = store_new_writer(server, options->app);
	c->publisher = publisher;
	c->tails = tails;
	c->since_ms = stats_committing_since_ms(options->number);
	c->inbox_end = &c->inbox;
	c->room = COMMITTER_POSTS_MAX;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->arrived, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&c->left, NULL);
	if ((errno = pthread_create(&c->thread, NULL, run_committer, c)) != 0)
		fatal("cannot start the committer");
	return c;
}

void committer_free(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	c->is_stopping = true;
	pthread_cond_signal(&c->arrived);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);

	store_free(c->store);
	pthread_cond_destroy(&c->arrived);
	pthread_cond_destroy(&c->left);
	pthread_mutex_destroy(&c->lock);
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
	struct post *last = &submission->posts[count - 1];

	assert(count > 0 && count <= COMMITTER_POSTS_MAX);
	init_posts(c, submission);
	metric_add(&stats()->waiting, (int64_t)count);
	pthread_mutex_lock(&c->lock);
	while (c->room < count) {
		leader_give_way();
		pthread_cond_wait(&c->left, &c->lock);
	}
	c->room -= count;
	*c->inbox_end = submission->posts;
	c->inbox_end = &last->next;
	pthread_mutex_unlock(&c->lock);
	pthread_cond_signal(&c->arrived);
}
