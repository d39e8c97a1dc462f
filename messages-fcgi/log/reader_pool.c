/* SPDX-License-Identifier: MIT
 *
 * A stack of stores and a lock. Knows no statement.
 */
#include "messages-fcgi/log/reader_pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "messages-fcgi/deadline.h"
#include "messages-fcgi/leader.h"

struct reader_pool {
	pthread_mutex_t lock; /* of free and free_count */
	pthread_cond_t freed;
	/* a stack: the store that was used last is the least likely to have
	 * lost its connection */
	struct store **free;
	size_t free_count, count;
};

struct reader_pool *reader_pool_new(struct store_server *server, size_t count)
{
	struct reader_pool *pool = xcalloc(1, sizeof(*pool));

	pthread_mutex_init(&pool->lock, NULL);
	deadline_cond_init(&pool->freed);
	pool->count = count;
	pool->free = xcalloc(count, sizeof(struct store *));
	while (pool->free_count < count)
		pool->free[pool->free_count++] = store_new_reader(server);
	return pool;
}

void reader_pool_free(struct reader_pool *pool)
{
	assert(pool->free_count == pool->count);
	while (pool->free_count > 0)
		store_free(pool->free[--pool->free_count]);
	free(pool->free);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct store *reader_pool_acquire(struct reader_pool *pool)
{
	struct store *store = NULL;
	struct timespec until;
	int error = 0;

	leader_give_way();
	until = deadline_after(STORE_READ_TIMEOUT_MS);
	pthread_mutex_lock(&pool->lock);
	while (pool->free_count == 0 && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&pool->freed, &pool->lock,
					       &until);
	if (pool->free_count > 0)
		store = pool->free[--pool->free_count];
	pthread_mutex_unlock(&pool->lock);
	return store;
}

void reader_pool_release(struct reader_pool *pool, struct store *store)
{
	pthread_mutex_lock(&pool->lock);
	assert(pool->free_count < pool->count);
	pool->free[pool->free_count++] = store;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}
