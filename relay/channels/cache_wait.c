/* SPDX-License-Identifier: MIT
 *
 * A number in each subscription: of the question that it waits for, NEXT for
 * one that is not sent yet, or 0.
 */
#include "relay/channels/cache_wait.h"

#include <assert.h>

#define NEXT UINT32_MAX

uint32_t cache_wait_number(uint32_t number)
{
	return number + 1 < NEXT ? number + 1 : 1;
}

void cache_wait_join(struct subscription *subscription)
{
	subscription->cache_ask = NEXT;
}

bool cache_wait_postpone(struct channel *channel)
{
	channel->cache_wait.is_due = channel->cache_wait.ask != 0;
	return channel->cache_wait.is_due;
}

void cache_wait_begin(struct channel *channel, uint32_t number)
{
	uint32_t i;

	assert(channel->cache_wait.ask == 0);
	channel->cache_wait.ask = number;
	channel->cache_wait.is_due = false;
	for (i = 0; i < channel->count; i++)
		if (channel->members[i].subscription->cache_ask == NEXT)
			channel->members[i].subscription->cache_ask = number;
}

bool cache_wait_end(struct channel *channel)
{
	channel->cache_wait.ask = 0;
	return channel->cache_wait.is_due;
}

struct subscriber *cache_wait_take(struct channel *channel, uint32_t number,
				   uint32_t *at)
{
	while (*at < channel->count) {
		struct channel_member *member = &channel->members[(*at)++];

		if (member->subscription->cache_ask != number)
			continue;
		member->subscription->cache_ask = 0;
		return member->subscriber;
	}
	return NULL;
}

void cache_wait_drop_all(struct channel *channel, uint64_t exclude)
{
	uint32_t i;

	for (i = 0; i < channel->count; i++) {
		struct channel_member *member = &channel->members[i];

		if (exclude == 0 || member->subscriber->socket_id != exclude)
			member->subscription->cache_ask = 0;
	}
}
