/* SPDX-License-Identifier: MIT
 *
 * One place, which is taken in turns. Knows nothing of what is waited for.
 */
#include "messages-fcgi/leader.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/alloc.h"

struct leader {
	pthread_mutex_t lock; /* of is_taken */
	pthread_cond_t left;
	bool is_taken;
};

/* The place that the calling thread has. Who waits is far from who knows of
 * the door, so it is not handed down to there. */
static _Thread_local struct leader *kept;

struct leader *leader_new(void)
{
	struct leader *leader = xcalloc(1, sizeof(*leader));

	pthread_mutex_init(&leader->lock, NULL);
	pthread_cond_init(&leader->left, NULL);
	return leader;
}

void leader_free(struct leader *leader)
{
	pthread_cond_destroy(&leader->left);
	pthread_mutex_destroy(&leader->lock);
	free(leader);
}

void leader_become(struct leader *leader)
{
	if (kept == leader)
		return;
	pthread_mutex_lock(&leader->lock);
	while (leader->is_taken)
		pthread_cond_wait(&leader->left, &leader->lock);
	leader->is_taken = true;
	pthread_mutex_unlock(&leader->lock);
	kept = leader;
}

void leader_give_way(void)
{
	struct leader *leader = kept;

	if (leader == NULL)
		return;
	kept = NULL;
	pthread_mutex_lock(&leader->lock);
	leader->is_taken = false;
	pthread_mutex_unlock(&leader->lock);
	pthread_cond_signal(&leader->left);
}
