/* SPDX-License-Identifier: MIT
 *
 * The channels of one worker, and the members of each. Pure.
 *
 * A channel exists while it has a subscription. Its key is {app}:{name}, which
 * is also the end of its topic's name in Redis; an app's id is digits, so a key
 * names one channel of one app.
 *
 * Each subscription is a struct that its subscriber owns. The channel keeps an
 * array of references to subscribers, to walk it in the order of memory.
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
	CHANNEL_SUBSCRIBING = 0, /* Redis has not confirmed it yet */
	CHANNEL_AWAITING_HEAD,   /* confirmed, or Redis is unavailable */
	CHANNEL_READING_HEAD,    /* its head is being read from the log */
	CHANNEL_LIVE,            /* members are subscribed and get events */
};

/* Embedded in its owner, a session. */
struct subscriber {
	uint64_t socket_id;
};

struct channel_member {
	struct subscriber *subscriber;
	struct subscription *subscription;
};

/* Each named part is written only by the file of that name, in relay/hub or
 * here, but may be read by all. channel.c writes the rest. */
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
	struct subscription *next; /* of the subscriber; session.c */
	char *user_id; /* in a presence channel, else NULL; session.c */
	struct room_member *member; /* the same; written by presence.c */
};

struct channel_table {
	struct channel *first; /* the next is hh.next */
	uint64_t hash_key[2];  /* random: peers cannot provoke collisions */
};

/* Makes an empty table with a random hash key. */
void channel_table_init(struct channel_table *table);

/* Both return NULL if the table has no such channel. */
struct channel *channel_find(struct channel_table *table, const struct app *app,
			     struct span name);
struct channel *channel_find_key(struct channel_table *table, struct span key);

/* Adds a channel without members, in its first state. The table must not have
 * it yet. app is borrowed; name has at most CHANNEL_NAME_MAX bytes. */
struct channel *channel_add(struct channel_table *table, const struct app *app,
			    struct span name, bool is_durable);

/* Removes and frees a channel that has no subscription and is in no list. */
void channel_remove(struct channel_table *table, struct channel *channel);

/* Lists at most max durable channels that are live. Returns how many. */
size_t channel_list_live(const struct channel_table *table,
			 const struct channel **channels, size_t max);

/* Makes subscriber a member, at the end of members. */
void channel_join(struct channel *channel, struct subscription *subscription,
		  struct subscriber *subscriber);

/* Keeps the channel for a subscription that is not a member until
 * channel_join. */
#define CHANNEL_WAITING UINT32_MAX
void channel_hold(struct channel *channel, struct subscription *subscription);

/* Ends a subscription, held or joined. The last member moves to its place. */
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
