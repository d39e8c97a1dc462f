/* SPDX-License-Identifier: MIT
 *
 * A table of channels, and the membership of each.
 */
#include "relay/channel.h"

#include <assert.h>
#include <stdlib.h>

#include "common/crypto.h"
#include "relay/siphash.h"

#define MEMBERS_MIN 4

void channel_table_init(struct channel_table *table)
{
	table->first = NULL;
	crypto_random(table->hash_key, sizeof(table->hash_key));
}

static unsigned hash(const struct channel_table *table, struct span name)
{
	return (unsigned)siphash(name, table->hash_key);
}

struct channel *channel_find(struct channel_table *table, struct span name)
{
	struct channel *channel;

	HASH_FIND_BYHASHVALUE(hh, table->first, name.ptr, name.len,
			      hash(table, name), channel);
	return channel;
}

struct channel *channel_add(struct channel_table *table, struct span name,
			    bool is_durable)
{
	struct channel *channel = xcalloc(1, sizeof(*channel) + name.len);

	channel->is_durable = is_durable;
	list_init(&channel->link);
	channel->name_len = name.len;
	memcpy(channel->name, name.ptr, name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->first, channel->name, name.len,
				    hash(table, name), channel);
	return channel;
}

void channel_remove(struct channel_table *table, struct channel *channel)
{
	assert(channel->count == 0);
	assert(list_is_empty(&channel->link));
	HASH_DELETE(hh, table->first, channel);
	stash_clear(&channel->stash);
	free(channel->members);
	free(channel);
}

size_t channel_list_live(const struct channel_table *table, struct span *names,
			 size_t max)
{
	const struct channel *channel = table->first;
	size_t count = 0;

	for (; channel != NULL && count < max; channel = channel->hh.next)
		if (channel->is_durable && channel->state == CHANNEL_LIVE)
			names[count++] = channel_name(channel);
	return count;
}

void channel_join(struct channel *channel, struct subscription *subscription,
		  void *subscriber)
{
	if (channel->count == channel->cap) {
		channel->cap = channel->cap ? channel->cap * 2 : MEMBERS_MIN;
		channel->members =
			xrealloc(channel->members,
				 channel->cap * sizeof(*channel->members));
	}
	subscription->channel = channel;
	subscription->index = channel->count;
	channel->members[channel->count++] =
		(struct channel_member){ subscriber, subscription };
}

void channel_leave(struct subscription *subscription)
{
	struct channel *channel = subscription->channel;
	struct channel_member *last;

	assert(channel->members[subscription->index].subscription ==
	       subscription);
	last = &channel->members[--channel->count];
	channel->members[subscription->index] = *last;
	last->subscription->index = subscription->index;
	subscription->channel = NULL;
}
