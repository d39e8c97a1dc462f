/* SPDX-License-Identifier: MIT
 *
 * Queries and the callers that share them. Knows no SQL.
 *
 *     open (callers may join) -> sent -> done
 *
 * The first caller opens a query, waits until the previous query of its channel
 * is done, and sends it. Callers that arrive meanwhile join the query and get
 * its result. Each has a semaphore of its own, so that they do not queue for
 * the lock when they wake.
 */
#include "messages-fcgi/log/head_reader.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "messages-fcgi/deadline.h"
#include "messages-fcgi/leader.h"

/* A query that takes longer may be stuck: the next one is sent beside it. */
#define PATIENCE_MS 50

/* A caller that shares a query. On its stack. */
struct pending_join {
	struct store_head *head;
	int result;
	sem_t done;
	struct pending_join *next;
};

/* On the stack of the caller that opened it. */
struct head_query {
	const char *app;
	struct span channel;
	bool is_sent;
	struct pending_join *joins;
	struct head_query *next;
};

struct head_reader {
	struct reader_pool *pool;
	pthread_mutex_t lock; /* of all below, and of the queries */
	pthread_cond_t done;  /* a query is */
	struct head_query *all;
};

struct head_reader *head_reader_new(struct reader_pool *pool)
{
	struct head_reader *reader = xcalloc(1, sizeof(*reader));

	reader->pool = pool;
	pthread_mutex_init(&reader->lock, NULL);
	deadline_cond_init(&reader->done);
	return reader;
}

void head_reader_free(struct head_reader *reader)
{
	pthread_cond_destroy(&reader->done);
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

static struct head_query *find_query(const struct head_reader *reader,
				     const char *app, struct span channel,
				     bool is_sent)
{
	struct head_query *query;

	for (query = reader->all; query != NULL; query = query->next)
		if (query->is_sent == is_sent &&
		    span_equal(query->channel, channel) &&
		    strcmp(query->app, app) == 0)
			return query;
	return NULL;
}

static void unlink_query(struct head_reader *reader,
			 const struct head_query *query)
{
	struct head_query **link = &reader->all;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
}

static int query_head(struct head_reader *reader, const char *app,
		      struct span channel, struct store_head *head)
{
	struct store *store = reader_pool_acquire(reader->pool);
	enum store_result result;

	if (store == NULL) {
		log_warn("no connection for reading became free");
		return -1;
	}
	result = store_head(store, app, channel, head);
	reader_pool_release(reader->pool, store);
	return result == STORE_OK ? 0 : -1;
}

/* Waits until no query of the channel is on its way. The later a query is sent,
 * the more callers share it. On a busy processor some have arrived but not run
 * yet, so it then lets them run first. */
static void wait_for_sent_query(struct head_reader *reader, const char *app,
				struct span channel)
{
	struct timespec until;
	int error = 0;

	if (find_query(reader, app, channel, true) == NULL)
		return;
	until = deadline_after(PATIENCE_MS);
	while (error == 0 && find_query(reader, app, channel, true) != NULL)
		error = pthread_cond_timedwait(&reader->done, &reader->lock,
					       &until);
	pthread_mutex_unlock(&reader->lock);
	sched_yield();
	pthread_mutex_lock(&reader->lock);
}

/* Each sem_post ends the life of a join: its caller's stack goes. */
static void complete_joins(struct pending_join *join, int result,
			   const struct store_head *head)
{
	struct pending_join *next;

	for (; join != NULL; join = next) {
		next = join->next;
		join->result = result;
		*join->head = *head;
		sem_post(&join->done);
	}
}

/* Takes the lock over, and releases it. */
static int run_query(struct head_reader *reader, const char *app,
		     struct span channel, struct store_head *head)
{
	struct head_query query = { .app = app,
				    .channel = channel,
				    .next = reader->all };
	int result;

	reader->all = &query;
	wait_for_sent_query(reader, app, channel);
	query.is_sent = true;
	pthread_mutex_unlock(&reader->lock);
	result = query_head(reader, app, channel, head);
	pthread_mutex_lock(&reader->lock);
	unlink_query(reader, &query);
	pthread_cond_broadcast(&reader->done);
	pthread_mutex_unlock(&reader->lock);
	complete_joins(query.joins, result, head);
	return result;
}

/* Takes the lock over, and releases it. */
static int join_query(struct head_reader *reader, struct head_query *query,
		      struct store_head *head)
{
	struct pending_join self = { .head = head, .next = query->joins };

	sem_init(&self.done, 0, 0);
	query->joins = &self;
	pthread_mutex_unlock(&reader->lock);
	while (sem_wait(&self.done) == -1)
		assert(errno == EINTR);
	sem_destroy(&self.done);
	return self.result;
}

int head_reader_read(struct head_reader *reader, const char *app,
		     struct span channel, struct store_head *head)
{
	struct head_query *query;

	*head = (struct store_head){ .first_id = 1 };
	leader_give_way();
	pthread_mutex_lock(&reader->lock);
	query = find_query(reader, app, channel, false);
	return query != NULL ? join_query(reader, query, head)
			     : run_query(reader, app, channel, head);
}
