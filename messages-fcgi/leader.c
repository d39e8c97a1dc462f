/* SPDX-License-Identifier: MIT
 *
 * A lock that its thread may give back from any depth. Knows nothing of what
 * the threads wait for.
 */
#include "messages-fcgi/leader.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/alloc.h"

struct leader {
	pthread_mutex_t lock; /* of is_taken */
	pthread_cond_t left;
	bool is_taken;
};

/* The place that the calling thread holds. Functions that block are called far
 * below acceptor_enter, so it is not passed to them. */
static _Thread_local struct leader *held;

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
	if (held == leader)
		return;
	pthread_mutex_lock(&leader->lock);
	while (leader->is_taken)
		pthread_cond_wait(&leader->left, &leader->lock);
	leader->is_taken = true;
	pthread_mutex_unlock(&leader->lock);
	held = leader;
}

void leader_give_way(void)
{
	struct leader *leader = held;

	if (leader == NULL)
		return;
	held = NULL;
	pthread_mutex_lock(&leader->lock);
	leader->is_taken = false;
	pthread_mutex_unlock(&leader->lock);
	pthread_cond_signal(&leader->left);
}

void leader_assert_not_leading(void)
{
	assert(held == NULL);
}
