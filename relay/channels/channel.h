/* SPDX-License-Identifier: MIT
 *
 * The channels that somebody of this worker subscribes to, and who does. Pure.
 *
 * Each app has channels of its own. A channel's key, {app}:{name}, tells it
 * from all others: an app's id is digits. It is also the end of the name of
 * its topic in Redis.
 *
 * A channel knows its subscribers only as pointers; a subscription is one
 * struct, owned by its subscriber, and the channel keeps an array of
 * references to walk in memory order.
 */
#ifndef RELAY_CHANNELS_CHANNEL_H
#define RELAY_CHANNELS_CHANNEL_H

/* uthash asks for these before it is included */
#include "common/base/alloc.h"
#include "common/base/log.h"
#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(msg) fatalx("%s", msg)
#include <uthash.h>

#include "common/config/app.h"
#include "relay/channels/sequence.h"
#include "relay/list.h"

struct room;
struct room_member;

enum channel_state {
	CHANNEL_SUBSCRIBING = 0, /* Redis has not confirmed yet */
	CHANNEL_AWAITING_HEAD,   /* confirmed, or Redis is unavailable */
	CHANNEL_READING_HEAD,    /* the log has been asked */
	CHANNEL_LIVE,            /* subscribers were told so and get events */
};

/* Embedded in its owner, a session. */
struct subscriber {
	uint64_t socket_id;
};

struct channel_member {
	struct subscriber *subscriber;
	struct subscription *subscription;
};

/* Each part with a name is written by the file of that name alone, in relay/hub
 * or here; everybody may read it. The rest is written by channel.c. */
struct channel {
	const struct app *app;
	struct channel_member *members; /* members[0 .. count) */
	uint32_t count, cap;
	uint32_t waiting; /* subscriptions that are not members yet */
	bool is_durable;  /* its events are in the log */
	bool is_cache;    /* new subscribers get its last event */
	struct {
		bool is_due;  /* members joined since the question was sent */
		uint32_t ask; /* number of the open question; 0: none */
	} cache_wait;
	struct {
		uint32_t total; /* subscribers in the cluster; 0: not known */
	} fanout;
	struct {
		uint32_t reported; /* the count that Redis has */
		struct list link;  /* of channels whose count has changed */
	} occupancy;
	struct {
		struct room *room; /* NULL: no presence channel */
	} presence;
	struct {
		uint64_t ticket; /* of the last SUBSCRIBE, see bus.h */
	} topic_router;
	struct {
		enum channel_state state;
		bool is_reading;  /* rows have been asked for */
		int64_t since_ms; /* when it entered the list that it is in */
		struct list link; /* of starting or of holed channels */
		struct sequence sequence;
	} heal;
	UT_hash_handle hh;
	uint32_t name_at, key_len;
	char key[]; /* {app}:{name}; the name begins at name_at */
};

/* Owned by the subscriber. */
struct subscription {
	struct channel *channel;
	uint32_t index;            /* in channel->members; or CHANNEL_WAITING */
	uint32_t cache_ask;        /* written by cache_wait.c */
	struct subscription *next; /* of the same subscriber; session.c */
	char *user_id; /* in a presence channel, else NULL; session.c */
	struct room_member *member; /* the same; written by presence.c */
};

struct channel_table {
	struct channel *first; /* walk by hh.next */
	uint64_t hash_key[2];  /* random, so that peers can't aim */
};

/* Draws the key of the hash. */
void channel_table_init(struct channel_table *table);

/* NULL if there is none. */
struct channel *channel_find(struct channel_table *table, const struct app *app,
			     struct span name);
struct channel *channel_find_key(struct channel_table *table, struct span key);

/* Adds a channel that is not there yet, without members, in its first state.
 * app is borrowed; name is at most CHANNEL_NAME_MAX. */
struct channel *channel_add(struct channel_table *table, const struct app *app,
			    struct span name, bool is_durable);

/* Removes and frees a channel without subscriptions, which is in no list. */
void channel_remove(struct channel_table *table, struct channel *channel);

/* Up to max durable channels that are live; returns how many. */
size_t channel_list_live(const struct channel_table *table,
			 const struct channel **channels, size_t max);

void channel_join(struct channel *channel, struct subscription *subscription,
		  struct subscriber *subscriber);

/* The same, but not to be one of the members until channel_join. */
#define CHANNEL_WAITING UINT32_MAX
void channel_hold(struct channel *channel, struct subscription *subscription);

/* The last member takes the place of the one that leaves. */
void channel_leave(struct subscription *subscription);

static inline bool channel_is_live(const struct channel *channel)
{
	return channel->heal.state == CHANNEL_LIVE;
}

static inline struct span channel_name(const struct channel *channel)
{
	return span_of(channel->key + channel->name_at,
		       channel->key_len - channel->name_at);
}

static inline struct span channel_key(const struct channel *channel)
{
	return span_of(channel->key, channel->key_len);
}

#endif
