/* SPDX-License-Identifier: MIT
 *
 * Who reads for whom. Knows no statement.
 *
 *     open (others may join) -> sent -> done -> freed by the last who looks
 *
 * The first who comes makes a reading and, when that is sent which others are
 * still waiting for, sends it; those who come meanwhile join.
 */
#include "messages-fcgi/heads.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/alloc.h"
#include "common/log.h"

/* A reading that takes longer may be stuck: the next one does not wait. */
#define PATIENCE_MS 50

struct reading {
	struct buf app, channel;
	bool is_sent, is_done;
	int result;
	struct store_head head;
	unsigned users;
	struct reading *next;
};

struct heads {
	struct readers *readers;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t done;  /* some reading is */
	struct reading *all;
};

struct heads *heads_new(struct readers *readers)
{
	struct heads *heads = xcalloc(1, sizeof(*heads));
	pthread_condattr_t attr;

	heads->readers = readers;
	pthread_mutex_init(&heads->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&heads->done, &attr);
	pthread_condattr_destroy(&attr);
	return heads;
}

void heads_free(struct heads *heads)
{
	pthread_cond_destroy(&heads->done);
	pthread_mutex_destroy(&heads->lock);
	free(heads);
}

static struct reading *find(const struct heads *heads, const char *app,
			    struct span channel, bool is_sent)
{
	struct reading *reading;

	for (reading = heads->all; reading != NULL; reading = reading->next)
		if (!reading->is_done && reading->is_sent == is_sent &&
		    span_equal(buf_span(&reading->channel), channel) &&
		    span_is(buf_span(&reading->app), app))
			return reading;
	return NULL;
}

static struct reading *make(struct heads *heads, const char *app,
			    struct span channel)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));

	buf_add_str(&reading->app, app);
	buf_add_span(&reading->channel, channel);
	reading->next = heads->all;
	heads->all = reading;
	return reading;
}

static void leave(struct heads *heads, struct reading *reading)
{
	struct reading **link = &heads->all;

	if (--reading->users > 0)
		return;
	while (*link != reading)
		link = &(*link)->next;
	*link = reading->next;
	buf_release(&reading->app);
	buf_release(&reading->channel);
	free(reading);
}

static int ask(struct heads *heads, const char *app, struct span channel,
	       struct store_head *head)
{
	struct store *store = readers_acquire(heads->readers);
	enum store_result result;

	if (store == NULL) {
		log_warn("no connection for reading became free");
		return -1;
	}
	result = store_head(store, app, channel, head);
	readers_release(heads->readers, store);
	return result == STORE_OK ? 0 : -1;
}

/* What was sent before is not for us, but shows when the time is right. */
static void wait_for_the_one_before(struct heads *heads, const char *app,
				    struct span channel)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (error == 0 && find(heads, app, channel, true) != NULL)
		error = pthread_cond_timedwait(&heads->done, &heads->lock,
					       &until);
}

static void read_for_all(struct heads *heads, struct reading *reading,
			 const char *app, struct span channel)
{
	struct store_head head;
	int result;

	wait_for_the_one_before(heads, app, channel);
	reading->is_sent = true;
	pthread_mutex_unlock(&heads->lock);
	result = ask(heads, app, channel, &head);
	pthread_mutex_lock(&heads->lock);
	reading->result = result;
	if (result == 0)
		reading->head = head;
	reading->is_done = true;
	pthread_cond_broadcast(&heads->done);
}

int heads_read(struct heads *heads, const char *app, struct span channel,
	       struct store_head *head)
{
	struct reading *reading;
	int result;

	pthread_mutex_lock(&heads->lock);
	reading = find(heads, app, channel, false);
	if (reading != NULL) {
		reading->users++;
		while (!reading->is_done)
			pthread_cond_wait(&heads->done, &heads->lock);
	} else {
		reading = make(heads, app, channel);
		reading->users++;
		read_for_all(heads, reading, app, channel);
	}
	result = reading->result;
	*head = reading->head;
	leave(heads, reading);
	pthread_mutex_unlock(&heads->lock);
	return result;
}
