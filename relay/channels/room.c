/* SPDX-License-Identifier: MIT
 *
 * A table of members, and its difference from the next list.
 */
#include "relay/channels/room.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/crypto.h"
#include "common/base/json.h"
#include "relay/protocol/siphash.h"

void room_init(struct room *room)
{
	*room = (struct room){ 0 };
	crypto_random(room->hash_key, sizeof(room->hash_key));
}

static unsigned hash_user(const struct room *room, struct span user)
{
	return (unsigned)siphash(user, room->hash_key);
}

struct room_member *room_find(const struct room *room, struct span user)
{
	struct room_member *member;

	HASH_FIND_BYHASHVALUE(hh, room->first, user.ptr, user.len,
			      hash_user(room, user), member);
	return member;
}

void room_drop(struct room *room, struct room_member *member)
{
	room->shown -= member->is_shown;
	HASH_DELETE(hh, room->first, member);
	free(member->info);
	free(member);
}

void room_release(struct room *room)
{
	while (room->first != NULL)
		room_drop(room, room->first);
}

static void set_info(struct room_member *member, struct span info)
{
	if (span_equal(room_member_info(member), info))
		return;
	member->info = xrealloc(member->info, info.len + 1);
	memcpy(member->info, info.ptr, info.len);
	member->info_len = info.len;
}

static struct room_member *get_member(struct room *room, struct span user,
				      struct span info)
{
	struct room_member *member = room_find(room, user);

	if (member == NULL) {
		member = xcalloc(1, sizeof(*member) + user.len);
		member->user_len = user.len;
		memcpy(member->user, user.ptr, user.len);
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, room->first, member->user,
					    user.len, hash_user(room, user),
					    member);
	}
	if (info.len > 0)
		set_info(member, info);
	return member;
}

struct room_member *room_enter(struct room *room, struct span user,
			       struct span info)
{
	struct room_member *member = get_member(room, user, info);

	member->own++;
	return member;
}

void room_leave(struct room *room, struct room_member *member)
{
	assert(member->own > 0);
	if (--member->own == 0 && !member->is_shown)
		room_drop(room, member);
}

bool room_show(struct room *room, struct room_member *member)
{
	bool is_new = !member->is_shown;

	room->shown += is_new;
	member->is_shown = true;
	return is_new;
}

void room_list_begin(struct room *room)
{
	room->lists++;
}

struct room_member *room_list_add(struct room *room, struct span user,
				  struct span info)
{
	struct room_member *member = get_member(room, user, info);

	member->seen = room->lists;
	return room_show(room, member) ? member : NULL;
}

struct room_member *room_list_take(const struct room *room,
				   struct room_member **at)
{
	struct room_member *member;

	while ((member = *at) != NULL) {
		*at = member->hh.next;
		if (member->is_shown && member->own == 0 &&
		    member->seen != room->lists)
			break;
	}
	return member;
}

/* Before each entry but the first. */
static void add_comma(struct buf *buf, bool *is_first)
{
	if (!*is_first)
		buf_add_char(buf, ',');
	*is_first = false;
}

void room_add_json(const struct room *room, struct buf *buf)
{
	const struct room_member *member;
	bool is_first = true;

	buf_add_str(buf, "\"presence\":{\"ids\":[");
	for (member = room->first; member; member = member->hh.next) {
		if (!member->is_shown)
			continue;
		add_comma(buf, &is_first);
		json_add_string(buf, room_member_user(member));
	}
	is_first = true;
	buf_add_str(buf, "],\"hash\":{");
	for (member = room->first; member; member = member->hh.next) {
		if (!member->is_shown)
			continue;
		add_comma(buf, &is_first);
		json_add_string(buf, room_member_user(member));
		buf_add_char(buf, ':');
		if (member->info_len > 0)
			buf_add_span(buf, room_member_info(member));
		else
			buf_add_str(buf, "null");
	}
	buf_addf(buf, "},\"count\":%u}", room->shown);
}
