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

struct channel_member {
	void *subscriber;
	struct subscription *subscription;
};

/* members[0 .. count) */
struct channel {
	const struct app *app;
	struct channel_member *members;
	uint32_t count, cap;
	uint32_t waiting;         /* subscriptions that are no members yet */
	uint32_t told;            /* what Redis knows count to be */
	uint32_t total;           /* subscribers in the cluster, if said */
	struct list changed;      /* in occupancy's list: count is not told */
	struct room *room;        /* presence's; NULL: another kind */
	enum channel_state state; /* from here on: written by heal alone */
	bool is_durable;
	bool is_reading;    /* rows have been asked for */
	bool is_cache;      /* who comes is told the last event */
	bool is_cache_due;  /* somebody came since it was asked for */
	uint32_t cache_ask; /* cache's; 0: nothing is asked */
	uint64_t ticket;    /* of the SUBSCRIBE, see bus.h */
	int64_t since_ms;   /* when it entered the list it is in */
	struct list link; /* in heal's list of starting or of holed channels */
	struct sequence sequence;
	UT_hash_handle hh;
	uint32_t name_at, key_len;
	char key[]; /* name_at is behind its colon */
};

/* Owned by the subscriber, who has it in a list by next. */
struct subscription {
	struct channel *channel;
	struct subscription *next;
	char *user_id; /* who subscribes to a presence channel, else NULL */
	struct room_member *member; /* the same as presence knows it */
	uint32_t index; /* in channel->members; CHANNEL_WAITING: not there */
	uint32_t cache_ask; /* the one that it waits for; 0: none */
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
		  void *subscriber);

/* The same, but not to be one of the members until channel_join. */
#define CHANNEL_WAITING UINT32_MAX
/* As a subscription's cache_ask: for the next one. */
#define CHANNEL_NEXT_ASK UINT32_MAX
void channel_hold(struct channel *channel, struct subscription *subscription);

/* The last member takes the place of the one that leaves. */
void channel_leave(struct subscription *subscription);

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
