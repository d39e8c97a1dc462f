/* SPDX-License-Identifier: MIT
 *
 * One place, which is taken in turns. Knows nothing of what is waited for.
 */
#include "messages-fcgi/keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/alloc.h"

struct keeper {
	pthread_mutex_t lock; /* of is_taken */
	pthread_cond_t left;
	bool is_taken;
};

/* The place that the calling thread has. Who waits is far from who knows of
 * the door, so it is not handed down to there. */
static _Thread_local struct keeper *kept;

struct keeper *keeper_new(void)
{
	struct keeper *keeper = xcalloc(1, sizeof(*keeper));

	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->left, NULL);
	return keeper;
}

void keeper_free(struct keeper *keeper)
{
	pthread_cond_destroy(&keeper->left);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

void keeper_become(struct keeper *keeper)
{
	if (kept == keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	while (keeper->is_taken)
		pthread_cond_wait(&keeper->left, &keeper->lock);
	keeper->is_taken = true;
	pthread_mutex_unlock(&keeper->lock);
	kept = keeper;
}

void keeper_give_way(void)
{
	struct keeper *keeper = kept;

	if (keeper == NULL)
		return;
	kept = NULL;
	pthread_mutex_lock(&keeper->lock);
	keeper->is_taken = false;
	pthread_mutex_unlock(&keeper->lock);
	pthread_cond_signal(&keeper->left);
}
