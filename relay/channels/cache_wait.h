/* SPDX-License-Identifier: MIT
 *
 * Which members of a cache channel wait for its last event. Pure: hub's
 * cache_channel asks Redis for that event.
 *
 * Redis is asked one question a channel at a time. A member waits for the
 * first question that is sent after it joined, unless a newer event reaches it
 * before the answer. Questions have numbers, so that an answer finds the
 * members that wait for it, and no others.
 */
#ifndef RELAY_CHANNELS_CACHE_WAIT_H
#define RELAY_CHANNELS_CACHE_WAIT_H

#include "relay/channels/channel.h"

/* The number of the question after the one with this number; 0: the first. */
uint32_t cache_wait_number(uint32_t number);

/* A member joined: it waits for the next question of its channel. */
void cache_wait_join(struct subscription *subscription);

/* Whether a question is open; then another is due after its answer. */
bool cache_wait_postpone(struct channel *channel);

/* The question with this number is sent now. No other must be open. */
void cache_wait_begin(struct channel *channel, uint32_t number);

/* The open question was answered, or could not be sent. Returns whether
 * another is due: send it after the last cache_wait_take. */
bool cache_wait_end(struct channel *channel);

/* A member that waits for the question with this number, and now no longer
 * does; NULL if there is no other. *at is 0 before the first call. Members must
 * not leave between two calls. */
struct subscriber *cache_wait_take(struct channel *channel, uint32_t number,
				   uint32_t *at);

/* Every member but the one with the socket id exclude (0: every member) gets a
 * newer event: these no longer wait. */
void cache_wait_drop_all(struct channel *channel, uint64_t exclude);

static inline void cache_wait_drop(struct channel *channel, uint64_t exclude)
{
	if (channel->cache_wait.ask != 0)
		cache_wait_drop_all(channel, exclude);
}

#endif
