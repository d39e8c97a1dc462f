/* SPDX-License-Identifier: MIT
 *
 * Queries to Redis, at most one a channel at a time; cache_wait.h knows which
 * members wait for which.
 */
#include "relay/hub/cache_channel.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/wire/envelope.h"
#include "common/wire/event.h"
#include "relay/channels/cache_wait.h"
#include "relay/protocol/pusher.h"

struct cache_channel {
	struct fanout *fanout;
	struct roster *roster;
	const char *prefix;
	uint32_t last_number; /* of a query, of any channel */
};

/* A query. Its channel may end meanwhile, and another of that name begin. */
struct cache_query {
	struct cache_channel *cache;
	uint32_t number;
	size_t key_len;
	char key[]; /* of the channel */
};

static void send_cache_query(struct cache_channel *cache,
			     struct channel *channel);

/* Sends the frame to the members that wait for this answer. Returns how many.
 */
static size_t send_to_waiting(struct channel *channel, uint32_t number,
			      struct frame *frame)
{
	struct subscriber *subscriber;
	size_t count = 0;
	uint32_t at = 0;

	while ((subscriber = cache_wait_take(channel, number, &at)) != NULL) {
		struct session *session =
			container_of(subscriber, struct session, subscriber);

		conn_send(&session->conn, frame);
		count++;
	}
	return count;
}

static void send_miss(struct cache_channel *cache, struct channel *channel,
		      uint32_t number, bool is_known)
{
	struct buf text = BUF_INIT;
	struct frame *frame;
	size_t count;

	pusher_add_cache_miss(&text, channel_name(channel));
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	count = send_to_waiting(channel, number, frame);
	frame_unref(frame);
	buf_clear(&text);
	buf_add_str(&text, "{\"name\":\"cache_miss\",\"channel\":\"");
	buf_add_span(&text, channel_name(channel));
	buf_add_str(&text, "\"}");
	/* one webhook for all members that have just joined */
	if (count > 0 && is_known && channel->app->webhooks.count > 0)
		roster_webhook(cache->roster, channel->app->id,
			       buf_span(&text));
	buf_release(&text);
}

static void take_answer(struct cache_channel *cache, struct channel *channel,
			uint32_t number, const struct roster_list *list)
{
	struct frame *frame;
	struct span kept;

	if (list == NULL || roster_list_count(list) == 0) {
		send_miss(cache, channel, number, list != NULL);
		return;
	}
	kept = roster_list_at(list, 0);
	/* an event above the base is still to be delivered in its turn */
	if (channel->is_durable &&
	    event_encoded_id(kept) > channel->heal.sequence.delivered)
		return;
	frame = frame_new(WS_OP_TEXT, kept);
	(void)send_to_waiting(channel, number, frame);
	frame_unref(frame);
}

static void on_answer(void *subject, const struct roster_list *list)
{
	struct cache_query *query = subject;
	struct channel *channel =
		channel_find_key(fanout_channels(query->cache->fanout),
				 span_of(query->key, query->key_len));

	if (channel != NULL && channel->cache_wait.ask == query->number) {
		bool is_due = cache_wait_end(channel);

		take_answer(query->cache, channel, query->number, list);
		if (is_due)
			send_cache_query(query->cache, channel);
	}
	free(query);
}

static struct cache_query *new_cache_query(struct cache_channel *cache,
					   const struct channel *channel)
{
	struct span key = channel_key(channel);
	struct cache_query *query = xmalloc(sizeof(*query) + key.len);

	cache->last_number = cache_wait_number(cache->last_number);
	query->cache = cache;
	query->number = cache->last_number;
	query->key_len = key.len;
	memcpy(query->key, key.ptr, key.len);
	return query;
}

static void send_cache_query(struct cache_channel *cache,
			     struct channel *channel)
{
	struct cache_query *query = new_cache_query(cache, channel);
	struct buf key = BUF_INIT;

	cache_wait_begin(channel, query->number);
	envelope_add_cache_key(&key, cache->prefix, channel->app->id,
			       channel_name(channel));
	if (!roster_get(cache->roster, buf_span(&key), on_answer, query)) {
		/* a client may load the event from its own server */
		(void)cache_wait_end(channel);
		send_miss(cache, channel, query->number, false);
		free(query);
	}
	buf_release(&key);
}

void cache_channel_send_last(struct cache_channel *cache,
			     struct channel *channel)
{
	if (!cache_wait_postpone(channel))
		send_cache_query(cache, channel);
}

struct cache_channel *cache_channel_new(struct fanout *fanout,
					struct roster *roster,
					const char *prefix)
{
	struct cache_channel *cache = xcalloc(1, sizeof(*cache));

	cache->fanout = fanout;
	cache->roster = roster;
	cache->prefix = prefix;
	return cache;
}

void cache_channel_free(struct cache_channel *cache)
{
	free(cache);
}
