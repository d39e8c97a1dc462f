/* SPDX-License-Identifier: MIT
 *
 * A pool of stores. Knows no statement.
 */
#include "messages-fcgi/log/reader_pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "messages-fcgi/leader.h"

struct reader_pool {
	pthread_mutex_t lock; /* of free and free_count */
	pthread_cond_t freed;
	/* the last one given back is lent first: the others may have been
	 * idle for long */
	struct store **free;
	size_t free_count, count;
};

struct reader_pool *reader_pool_new(struct store_server *server, size_t count)
{
	struct reader_pool *readers = xcalloc(1, sizeof(*readers));
	pthread_condattr_t attr;

	pthread_mutex_init(&readers->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&readers->freed, &attr);
	pthread_condattr_destroy(&attr);
	readers->count = count;
	readers->free = xcalloc(count, sizeof(struct store *));
	while (readers->free_count < count)
		readers->free[readers->free_count++] = store_new_reader(server);
	return readers;
}

void reader_pool_free(struct reader_pool *readers)
{
	assert(readers->free_count == readers->count);
	while (readers->free_count > 0)
		store_free(readers->free[--readers->free_count]);
	free(readers->free);
	pthread_cond_destroy(&readers->freed);
	pthread_mutex_destroy(&readers->lock);
	free(readers);
}

struct store *reader_pool_acquire(struct reader_pool *readers)
{
	struct store *store = NULL;
	struct timespec until;
	int error = 0;

	leader_give_way();
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STORE_READ_TIMEOUT_MS / 1000;
	pthread_mutex_lock(&readers->lock);
	while (readers->free_count == 0 && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&readers->freed, &readers->lock,
					       &until);
	if (readers->free_count > 0)
		store = readers->free[--readers->free_count];
	pthread_mutex_unlock(&readers->lock);
	return store;
}

void reader_pool_release(struct reader_pool *readers, struct store *store)
{
	pthread_mutex_lock(&readers->lock);
	assert(readers->free_count < readers->count);
	readers->free[readers->free_count++] = store;
	pthread_cond_signal(&readers->freed);
	pthread_mutex_unlock(&readers->lock);
}
