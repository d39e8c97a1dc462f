/* SPDX-License-Identifier: MIT
 *
 * A table of channels, and the membership of each.
 */
#include "relay/channels/channel.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/crypto.h"
#include "common/config/channel_name.h"
#include "relay/protocol/siphash.h"

#define MEMBERS_MIN 4

#define KEY_MAX (APP_ID_MAX + 1 + CHANNEL_NAME_MAX)

void channel_table_init(struct channel_table *table)
{
	table->first = NULL;
	crypto_random(table->hash_key, sizeof(table->hash_key));
}

static unsigned hash_channel_key(const struct channel_table *table,
				 struct span key)
{
	return (unsigned)siphash(key, table->hash_key);
}

/* Writes {app}:{name}, at most KEY_MAX bytes. Returns the offset of the name.
 */
static size_t write_key(char *key, const struct app *app, struct span name)
{
	size_t len = strlen(app->id);

	memcpy(key, app->id, len);
	key[len] = ':';
	memcpy(key + len + 1, name.ptr, name.len);
	return len + 1;
}

struct channel *channel_find(struct channel_table *table, const struct app *app,
			     struct span name)
{
	char key[KEY_MAX];

	if (name.len == 0 || name.len > CHANNEL_NAME_MAX)
		return NULL;
	return channel_find_key(
		table, span_of(key, write_key(key, app, name) + name.len));
}

struct channel *channel_find_key(struct channel_table *table, struct span key)
{
	struct channel *channel;

	HASH_FIND_BYHASHVALUE(hh, table->first, key.ptr, key.len,
			      hash_channel_key(table, key), channel);
	return channel;
}

struct channel *channel_add(struct channel_table *table, const struct app *app,
			    struct span name, bool is_durable)
{
	size_t key_len = strlen(app->id) + 1 + name.len;
	struct channel *channel = xcalloc(1, sizeof(*channel) + key_len);

	assert(name.len <= CHANNEL_NAME_MAX);
	channel->app = app;
	channel->is_durable = is_durable;
	channel->is_cache = channel_name_is_cache(name);
	list_init(&channel->heal.link);
	list_init(&channel->occupancy.link);
	channel->name_at = (uint32_t)write_key(channel->key, app, name);
	channel->key_len = (uint32_t)key_len;
	HASH_ADD_KEYPTR_BYHASHVALUE(
		hh, table->first, channel->key, key_len,
		hash_channel_key(table, channel_key(channel)), channel);
	return channel;
}

void channel_remove(struct channel_table *table, struct channel *channel)
{
	assert(channel->count == 0 && channel->waiting == 0);
	assert(list_is_empty(&channel->heal.link));
	assert(list_is_empty(&channel->occupancy.link));
	HASH_DELETE(hh, table->first, channel);
	sequence_reset(&channel->heal.sequence);
	free(channel->members);
	free(channel);
}

size_t channel_list_live(const struct channel_table *table,
			 const struct channel **channels, size_t max)
{
	const struct channel *channel = table->first;
	size_t count = 0;

	for (; channel != NULL && count < max; channel = channel->hh.next)
		if (channel->is_durable && channel_is_live(channel))
			channels[count++] = channel;
	return count;
}

void channel_join(struct channel *channel, struct subscription *subscription,
		  struct subscriber *subscriber)
{
	if (channel->count == channel->cap) {
		channel->cap = channel->cap ? channel->cap * 2 : MEMBERS_MIN;
		channel->members =
			xrealloc(channel->members,
				 channel->cap * sizeof(*channel->members));
	}
	if (subscription->channel == channel)
		channel->waiting--;
	subscription->channel = channel;
	subscription->index = channel->count;
	channel->members[channel->count++] =
		(struct channel_member){ subscriber, subscription };
}

void channel_hold(struct channel *channel, struct subscription *subscription)
{
	subscription->channel = channel;
	subscription->index = CHANNEL_WAITING;
	channel->waiting++;
}

void channel_leave(struct subscription *subscription)
{
	struct channel *channel = subscription->channel;
	struct channel_member *last;

	subscription->channel = NULL;
	if (subscription->index == CHANNEL_WAITING) {
		channel->waiting--;
		return;
	}
	assert(channel->members[subscription->index].subscription ==
	       subscription);
	last = &channel->members[--channel->count];
	channel->members[subscription->index] = *last;
	last->subscription->index = subscription->index;
}
