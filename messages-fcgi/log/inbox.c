/* SPDX-License-Identifier: MIT
 *
 * A linked list, a counter and a lock. Knows nothing of commits.
 */
#include "messages-fcgi/log/inbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "messages-fcgi/deadline.h"
#include "messages-fcgi/leader.h"

struct inbox {
	size_t capacity;      /* in posts */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t arrived, left;
	struct post *first, **end;
	size_t room;
	bool is_closed;
};

struct inbox *inbox_new(size_t room)
{
	struct inbox *inbox = xcalloc(1, sizeof(*inbox));

	inbox->capacity = inbox->room = room;
	inbox->end = &inbox->first;
	pthread_mutex_init(&inbox->lock, NULL);
	deadline_cond_init(&inbox->arrived);
	pthread_cond_init(&inbox->left, NULL);
	return inbox;
}

void inbox_free(struct inbox *inbox)
{
	pthread_cond_destroy(&inbox->arrived);
	pthread_cond_destroy(&inbox->left);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

void inbox_put(struct inbox *inbox, struct post *first, struct post *last,
	       size_t count)
{
	assert(count > 0 && count <= inbox->capacity);
	pthread_mutex_lock(&inbox->lock);
	while (inbox->room < count) {
		leader_give_way();
		pthread_cond_wait(&inbox->left, &inbox->lock);
	}
	inbox->room -= count;
	*inbox->end = first;
	inbox->end = &last->next;
	pthread_mutex_unlock(&inbox->lock);
	pthread_cond_signal(&inbox->arrived);
}

bool inbox_take(struct inbox *inbox, int64_t until_ms, bool is_idle,
		struct post **posts)
{
	const struct timespec until = deadline_at(until_ms);
	bool is_over;
	int error = 0;

	pthread_mutex_lock(&inbox->lock);
	while (inbox->first == NULL && !(inbox->is_closed && is_idle) &&
	       error == 0 && until_ms > clock_ms())
		error = pthread_cond_timedwait(&inbox->arrived, &inbox->lock,
					       &until);
	*posts = inbox->first;
	inbox->first = NULL;
	inbox->end = &inbox->first;
	is_over = *posts == NULL && inbox->is_closed;
	pthread_mutex_unlock(&inbox->lock);
	return !is_over;
}

void inbox_make_room(struct inbox *inbox, size_t count)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->room += count;
	pthread_mutex_unlock(&inbox->lock);
	pthread_cond_broadcast(&inbox->left);
}

void inbox_close(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->is_closed = true;
	pthread_cond_signal(&inbox->arrived);
	pthread_mutex_unlock(&inbox->lock);
}
