/* SPDX-License-Identifier: MIT
 *
 * One question at a time about a channel, for all who came before it was asked.
 */
#include "relay/hub/cache_channel.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/wire/envelope.h"
#include "common/wire/event.h"
#include "relay/channels/cache_wait.h"

struct cache_channel {
	struct fanout *fanout;
	struct roster *roster;
	const char *prefix;
	uint32_t asks; /* so many were made, of all channels */
};

/* A question. The channel may end, and another of that name begin. */
struct ask {
	struct cache_channel *cache;
	uint32_t number;
	size_t key_len;
	char key[]; /* of the channel */
};

static void ask_for(struct cache_channel *cache, struct channel *channel);

/* Queues the frame for those who wait for this answer. Returns how many. */
static size_t tell(struct channel *channel, uint32_t number,
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

static void tell_miss(struct cache_channel *cache, struct channel *channel,
		      uint32_t number, bool is_known)
{
	struct buf text = BUF_INIT;
	struct frame *frame;
	size_t count;

	pusher_add_cache_miss(&text, channel_name(channel));
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	count = tell(channel, number, frame);
	frame_unref(frame);
	buf_clear(&text);
	buf_add_str(&text, "{\"name\":\"cache_miss\",\"channel\":\"");
	buf_add_span(&text, channel_name(channel));
	buf_add_str(&text, "\"}");
	/* once for all who have just come */
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
		tell_miss(cache, channel, number, list != NULL);
		return;
	}
	kept = roster_list_at(list, 0);
	/* what is above the base of who came is told to it in its turn */
	if (channel->is_durable &&
	    event_encoded_id(kept) > channel->heal.sequence.delivered)
		return;
	frame = frame_new(WS_OP_TEXT, kept);
	(void)tell(channel, number, frame);
	frame_unref(frame);
}

static void on_answer(void *subject, const struct roster_list *list)
{
	struct ask *ask = subject;
	struct channel *channel =
		channel_find_key(fanout_channels(ask->cache->fanout),
				 span_of(ask->key, ask->key_len));

	if (channel != NULL && channel->cache_wait.ask == ask->number) {
		bool is_due = cache_wait_end(channel);

		take_answer(ask->cache, channel, ask->number, list);
		if (is_due)
			ask_for(ask->cache, channel);
	}
	free(ask);
}

static struct ask *ask_new(struct cache_channel *cache,
			   const struct channel *channel)
{
	struct span key = channel_key(channel);
	struct ask *ask = xmalloc(sizeof(*ask) + key.len);

	cache->asks = cache_wait_number(cache->asks);
	ask->cache = cache;
	ask->number = cache->asks;
	ask->key_len = key.len;
	memcpy(ask->key, key.ptr, key.len);
	return ask;
}

static void ask_for(struct cache_channel *cache, struct channel *channel)
{
	struct ask *ask = ask_new(cache, channel);
	struct buf key = BUF_INIT;

	cache_wait_begin(channel, ask->number);
	envelope_add_cache_key(&key, cache->prefix, channel->app->id,
			       channel_name(channel));
	if (!roster_get(cache->roster, buf_span(&key), on_answer, ask)) {
		/* who needs it may ask elsewhere */
		(void)cache_wait_end(channel);
		tell_miss(cache, channel, ask->number, false);
		free(ask);
	}
	buf_release(&key);
}

void cache_channel_tell(struct cache_channel *cache, struct channel *channel)
{
	if (!cache_wait_postpone(channel))
		ask_for(cache, channel);
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
