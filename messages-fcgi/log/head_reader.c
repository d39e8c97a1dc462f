/* SPDX-License-Identifier: MIT
 *
 * Who reads for whom. Knows no statement.
 *
 *     open (others may join) -> sent -> gone
 *
 * The first who comes makes a reading and, when that is back which was sent
 * before, sends it; those who come meanwhile join. Each of them is woken by
 * itself: they need the lock no more, and so do not queue for it.
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
#include "messages-fcgi/leader.h"

/* A reading that takes longer may be stuck: the next one does not wait. */
#define PATIENCE_MS 50

/* On the stack of who waits. */
struct pending_join {
	struct store_head *head;
	int result;
	sem_t done;
	struct pending_join *next;
};

/* On the stack of who reads. */
struct head_query {
	const char *app;
	struct span channel;
	bool is_sent;
	struct pending_join *joins;
	struct head_query *next;
};

struct head_reader {
	struct reader_pool *readers;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t back;  /* some reading is */
	struct head_query *all;
};

struct head_reader *head_reader_new(struct reader_pool *readers)
{
	struct head_reader *heads = xcalloc(1, sizeof(*heads));
	pthread_condattr_t attr;

	heads->readers = readers;
	pthread_mutex_init(&heads->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&heads->back, &attr);
	pthread_condattr_destroy(&attr);
	return heads;
}

void head_reader_free(struct head_reader *heads)
{
	pthread_cond_destroy(&heads->back);
	pthread_mutex_destroy(&heads->lock);
	free(heads);
}

static struct head_query *find_query(const struct head_reader *heads,
				     const char *app, struct span channel,
				     bool is_sent)
{
	struct head_query *reading;

	for (reading = heads->all; reading != NULL; reading = reading->next)
		if (reading->is_sent == is_sent &&
		    span_equal(reading->channel, channel) &&
		    strcmp(reading->app, app) == 0)
			return reading;
	return NULL;
}

static void unlink_query(struct head_reader *heads,
			 const struct head_query *reading)
{
	struct head_query **link = &heads->all;

	while (*link != reading)
		link = &(*link)->next;
	*link = reading->next;
}

static int query_head(struct head_reader *heads, const char *app,
		      struct span channel, struct store_head *head)
{
	struct store *store = reader_pool_acquire(heads->readers);
	enum store_result result;

	if (store == NULL) {
		log_warn("no connection for reading became free");
		return -1;
	}
	result = store_head(store, app, channel, head);
	reader_pool_release(heads->readers, store);
	return result == STORE_OK ? 0 : -1;
}

/* What was sent before is not for us, but shows when the time is right. Then
 * those come along whose turn it is on a busy processor; they have been here
 * longer than the answer, which would go first. */
static void wait_for_sent_query(struct head_reader *heads, const char *app,
				struct span channel)
{
	struct timespec until;
	int error = 0;

	if (find_query(heads, app, channel, true) == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (error == 0 && find_query(heads, app, channel, true) != NULL)
		error = pthread_cond_timedwait(&heads->back, &heads->lock,
					       &until);
	pthread_mutex_unlock(&heads->lock);
	sched_yield();
	pthread_mutex_lock(&heads->lock);
}

/* A join is gone as soon as it is told. */
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

/* With the lock, which is given back. */
static int run_query(struct head_reader *heads, const char *app,
		     struct span channel, struct store_head *head)
{
	struct head_query reading = { .app = app,
				      .channel = channel,
				      .next = heads->all };
	int result;

	heads->all = &reading;
	wait_for_sent_query(heads, app, channel);
	reading.is_sent = true;
	pthread_mutex_unlock(&heads->lock);
	result = query_head(heads, app, channel, head);
	pthread_mutex_lock(&heads->lock);
	unlink_query(heads, &reading);
	pthread_cond_broadcast(&heads->back);
	pthread_mutex_unlock(&heads->lock);
	complete_joins(reading.joins, result, head);
	return result;
}

/* With the lock, which is given back. */
static int join_query(struct head_reader *heads, struct head_query *reading,
		      struct store_head *head)
{
	struct pending_join self = { .head = head, .next = reading->joins };

	sem_init(&self.done, 0, 0);
	reading->joins = &self;
	pthread_mutex_unlock(&heads->lock);
	while (sem_wait(&self.done) == -1)
		assert(errno == EINTR);
	sem_destroy(&self.done);
	return self.result;
}

int head_reader_read(struct head_reader *heads, const char *app,
		     struct span channel, struct store_head *head)
{
	struct head_query *reading;

	*head = (struct store_head){ .first_id = 1 };
	leader_give_way();
	pthread_mutex_lock(&heads->lock);
	reading = find_query(heads, app, channel, false);
	return reading != NULL ? join_query(heads, reading, head)
			       : run_query(heads, app, channel, head);
}
