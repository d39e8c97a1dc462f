/* SPDX-License-Identifier: MIT
 *
 * The members of one presence channel as the subscribers of this worker know
 * them, and which of them are its own. Pure.
 *
 * What Redis says about a room is the whole list of who is there. A room turns
 * it into what has changed, so it does not matter how many lists were missed.
 * Our own members are there whatever Redis says.
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
	uint32_t own;       /* subscriptions here */
	uint32_t seen;      /* the last list that it was in */
	bool is_shown;      /* subscribers know of it */
	bool is_registered; /* Redis has been told of it */
	char *info;         /* JSON; empty: none */
	size_t info_len, user_len;
	char user[];
};

struct room {
	struct room_member *first; /* walk by hh.next */
	uint32_t shown;            /* members that are */
	uint32_t lists;            /* so many have been read */
	uint64_t hash_key[2];      /* random, so that peers can't aim */
};

void room_init(struct room *room);
void room_release(struct room *room);

struct room_member *room_find(const struct room *room, struct span user);

/* One more subscription of ours, as that user. Not shown by that. */
struct room_member *room_enter(struct room *room, struct span user,
			       struct span info);
/* One less. The member goes if that was the last and it is not shown. */
void room_leave(struct room *room, struct room_member *member);

/* From here on subscribers know of it: whether they did not before. */
bool room_show(struct room *room, struct room_member *member);

/* A list: room_list_begin, room_list_add for each who is there, then
 * room_list_take until it returns NULL. room_list_add returns the member if
 * it is new to subscribers, else NULL; its info is what Redis has.
 * room_list_take returns a member who is there no more, and must be freed by
 * room_drop; *at, which is room->first before the first call, is how far it
 * has looked. */
void room_list_begin(struct room *room);
struct room_member *room_list_add(struct room *room, struct span user,
				  struct span info);
struct room_member *room_list_take(const struct room *room,
				   struct room_member **at);
void room_drop(struct room *room, struct room_member *member);

/* Adds "presence":{"ids":[…],"hash":{…},"count":n} of those that are shown. */
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
