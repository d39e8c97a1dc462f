/* SPDX-License-Identifier: MIT
 *
 * The members of one presence channel: those that subscribers of this worker
 * know of, and those that are subscribers of this worker. Pure.
 *
 * Redis always sends the whole list of members. A room compares it with the
 * members that subscribers know of, so a list that was missed does no harm.
 * A member that is a subscriber of this worker stays, whatever a list says.
 */
#ifndef RELAY_CHANNELS_ROOM_H
#define RELAY_CHANNELS_ROOM_H

/* uthash asks for these before it is included */
#include "common/base/alloc.h"
#include "common/base/log.h"
#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(msg) fatalx("%s", msg)
#include <uthash.h>

#include "common/base/buf.h"

struct room_member {
	UT_hash_handle hh;
	uint32_t own;       /* its subscriptions in this worker */
	uint32_t seen;      /* number of the last list that had it */
	bool is_shown;      /* subscribers know of it */
	bool is_registered; /* a join was sent to Redis; presence.c */
	char *info;         /* JSON; empty: none */
	size_t info_len, user_len;
	char user[];
};

struct room {
	struct room_member *first; /* the next is hh.next */
	uint32_t shown;            /* members with is_shown */
	uint32_t lists;            /* number of the last list */
	uint64_t hash_key[2];      /* random: peers cannot provoke collisions */
};

void room_init(struct room *room);
void room_release(struct room *room);

/* NULL if the room has no such member. */
struct room_member *room_find(const struct room *room, struct span user);

/* Counts a subscription of this worker as that user. A new member is not shown
 * yet. */
struct room_member *room_enter(struct room *room, struct span user,
			       struct span info);
/* Counts one less. Frees the member if it was the last and is not shown. */
void room_leave(struct room *room, struct room_member *member);

/* Subscribers know of the member from now on. Returns whether that is new. */
bool room_show(struct room *room, struct room_member *member);

/* To take a list, call room_list_begin, then room_list_add for each of its
 * entries, then room_list_take until it returns NULL. room_list_add stores the
 * entry's info, and returns the member if it is new to subscribers, else NULL.
 * room_list_take returns a member that is no longer there: free it with
 * room_drop. *at is room->first before the first call. */
void room_list_begin(struct room *room);
struct room_member *room_list_add(struct room *room, struct span user,
				  struct span info);
struct room_member *room_list_take(const struct room *room,
				   struct room_member **at);
void room_drop(struct room *room, struct room_member *member);

/* Adds "presence":{"ids":[…],"hash":{…},"count":n} with the members that are
 * shown. */
void room_add_json(const struct room *room, struct buf *buf);

static inline struct span room_member_user(const struct room_member *member)
{
	return span_of(member->user, member->user_len);
}

static inline struct span room_member_info(const struct room_member *member)
{
	return span_of(member->info, member->info_len);
}

#endif
