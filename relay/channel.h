/* SPDX-License-Identifier: MIT
 *
 * The channels that somebody of this worker subscribes to, and who does. Pure.
 *
 * A channel knows its subscribers only as pointers; a subscription is one
 * struct, owned by its subscriber, and the channel keeps an array of
 * references to walk in memory order.
 */
#ifndef RELAY_CHANNEL_H
#define RELAY_CHANNEL_H

/* uthash asks for these before it is included */
#include "common/alloc.h"
#include "common/log.h"
#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(msg) fatalx("%s", msg)
#include <uthash.h>

#include "common/span.h"
#include "relay/list.h"
#include "relay/stash.h"

enum channel_state {
	CHANNEL_SUBSCRIBING = 0, /* Redis has not confirmed yet */
	CHANNEL_AWAITING_HEAD,   /* confirmed, or Redis is away */
	CHANNEL_READING_HEAD,    /* the log has been asked */
	CHANNEL_LIVE,            /* subscribers were told so and get events */
};

struct channel_member {
	void *subscriber;
	struct subscription *subscription;
};

/* members[0 .. count) */
struct channel {
	struct channel_member *members;
	uint32_t count, cap;
	enum channel_state state; /* from here on: written by heal alone */
	bool is_durable;
	bool is_reading;   /* rows have been asked for */
	uint64_t ticket;   /* of the SUBSCRIBE, see bus.h */
	int64_t since_ms;  /* when it entered the list it is in */
	struct list link;  /* in heal's list of starting or of holed channels */
	int64_t delivered; /* highest id that was sent; all below it were */
	int64_t target;    /* highest id that is said to exist */
	struct stash stash; /* above delivered + 1 */
	UT_hash_handle hh;
	size_t name_len;
	char name[];
};

/* Owned by the subscriber, who has it in a list by next. */
struct subscription {
	struct channel *channel;
	struct subscription *next;
	uint32_t index; /* in channel->members */
};

struct channel_table {
	struct channel *first; /* walk by hh.next */
	uint64_t hash_key[2];  /* random, so that peers can't aim */
};

/* Draws the key of the hash. */
void channel_table_init(struct channel_table *table);

/* NULL if there is none. */
struct channel *channel_find(struct channel_table *table, struct span name);

/* Adds a channel that is not there yet, without members, in its first
 * state. */
struct channel *channel_add(struct channel_table *table, struct span name,
			    bool is_durable);

/* Removes and frees a channel without members, which is in no list. */
void channel_remove(struct channel_table *table, struct channel *channel);

/* The names of up to max durable channels that are live; returns how many. */
size_t channel_list_live(const struct channel_table *table, struct span *names,
			 size_t max);

void channel_join(struct channel *channel, struct subscription *subscription,
		  void *subscriber);

/* The last member takes the place of the one that leaves. */
void channel_leave(struct subscription *subscription);

static inline struct span channel_name(const struct channel *channel)
{
	return span_of(channel->name, channel->name_len);
}

#endif
