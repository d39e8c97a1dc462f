/* SPDX-License-Identifier: MIT
 *
 * Redis answers of any type to roster questions, in both programs: roster_hint,
 * roster and room of relay, and roster_reader of messages-fcgi. After a list, a
 * room shows the listed and its own members, each once, and has reported
 * exactly the changes.
 */
#include <hiredis/hiredis.h>

#include "messages-fcgi/redis/roster_reader.h"
#include "relay/backends/roster.h"
#include "relay/channels/room.h"
#include "relay/protocol/roster_hint.h"

#include "tests/fuzz/fuzz.h"

#define ITEMS_MAX 64

/* The reply types that occur in answers. */
static const int types[] = { REDIS_REPLY_STRING,  REDIS_REPLY_STATUS,
			     REDIS_REPLY_INTEGER, REDIS_REPLY_NIL,
			     REDIS_REPLY_ARRAY,   REDIS_REPLY_ERROR };
#define TYPES (sizeof(types) / sizeof(types[0]))

/* Builds an array as hiredis does. */
struct list {
	redisReply items[ITEMS_MAX];
	redisReply *elements[ITEMS_MAX];
	redisReply reply;
};

static bool has_text(const redisReply *item)
{
	return item->type == REDIS_REPLY_STRING ||
	       item->type == REDIS_REPLY_STATUS ||
	       item->type == REDIS_REPLY_ERROR;
}

/* One byte for the type, one for the length, then the text, in a block of its
 * own so that the sanitizer sees an overread. */
static void take_item(struct span *in, redisReply *item)
{
	size_t len = (uint8_t)in->ptr[1];

	*item = (redisReply){ .type = types[(uint8_t)in->ptr[0] % TYPES] };
	item->integer = (int8_t)in->ptr[1];
	*in = span_of(in->ptr + 2, in->len - 2);
	if (!has_text(item))
		return;
	if (len > in->len)
		len = in->len;
	item->len = len;
	item->str = malloc(len > 0 ? len : 1);
	MUST(item->str != NULL);
	memcpy(item->str, in->ptr, len);
	*in = span_of(in->ptr + len, in->len - len);
}

static void fill(struct list *list, struct span in)
{
	size_t count = 0;

	for (; in.len >= 2 && count < ITEMS_MAX; count++) {
		take_item(&in, &list->items[count]);
		list->elements[count] = &list->items[count];
	}
	list->reply = (redisReply){ .type = REDIS_REPLY_ARRAY,
				    .elements = count,
				    .element = list->elements };
}

static void empty(struct list *list)
{
	size_t i;

	for (i = 0; i < list->reply.elements; i++)
		free(list->items[i].str);
}

static const struct roster_list *list_of(const redisReply *reply)
{
	return (const struct roster_list *)reply;
}

/* ---- relay ---- */

static bool is_named(const struct roster_list *list, struct span user)
{
	size_t i, count = roster_list_count(list);

	for (i = 0; i + 1 < count; i += 2)
		if (span_equal(roster_list_at(list, i), user))
			return true;
	return false;
}

/* As relay/presence does. */
static void take_list(struct room *room, const struct roster_list *list)
{
	size_t i, count = roster_list_count(list);
	struct room_member *member, *at;
	uint32_t shown = room->shown;

	room_list_begin(room);
	for (i = 0; i + 1 < count; i += 2) {
		member = room_list_add(room, roster_list_at(list, i),
				       roster_list_at(list, i + 1));
		shown += member != NULL;
	}
	at = room->first;
	while ((member = room_list_take(room, &at)) != NULL) {
		MUST(!is_named(list, room_member_user(member)));
		room_drop(room, member);
		shown--;
	}
	MUST(shown == room->shown);
}

static void check_room(const struct room *room, const struct roster_list *list)
{
	const struct room_member *member;
	size_t i, count = roster_list_count(list);
	uint32_t shown = 0;

	for (member = room->first; member; member = member->hh.next) {
		shown += member->is_shown;
		MUST(member->own > 0 ||
		     is_named(list, room_member_user(member)));
	}
	MUST(shown == room->shown);
	for (i = 0; i + 1 < count; i += 2) {
		member = room_find(room, roster_list_at(list, i));
		MUST(member != NULL && member->is_shown);
	}
}

static void check_lists(const redisReply *first, const redisReply *second)
{
	const redisReply *all[] = { first, second, first };
	struct room_member *own;
	struct buf json = BUF_INIT;
	struct room room;
	size_t i;

	room_init(&room);
	own = room_enter(&room, span_str("own"), span_str("{}"));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		take_list(&room, list_of(all[i]));
		check_room(&room, list_of(all[i]));
	}
	MUST(room_find(&room, span_str("own")) == own);
	room_add_json(&room, &json);
	room_leave(&room, own);
	room_release(&room);
	buf_release(&json);
}

static void check_hint(struct span text)
{
	struct roster_hint hint;

	if (roster_hint_parse(text, &hint) == -1)
		return;
	MUST(hint.kind <= ROSTER_HINT_TERMINATE);
	MUST(hint.key.ptr >= text.ptr &&
	     hint.key.ptr + hint.key.len <= text.ptr + text.len);
	MUST(hint.kind != ROSTER_HINT_USER || hint.n == 0 || hint.n == 1);
}

/* ---- messages-fcgi ---- */

static void check_answer(const redisReply *reply)
{
	const struct roster_answer *answer =
		(const struct roster_answer *)reply;
	size_t count = roster_answer_count(answer), i;

	MUST(count == (reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0));
	for (i = 0; i < count + 2; i++) {
		struct span text = roster_answer_text(answer, i);
		int64_t number = roster_answer_number(answer, i);

		MUST(text.ptr == NULL || number == 0);
		MUST(i < count || (text.ptr == NULL && number == 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct list first, second;
	size_t i;

	fill(&first, span_of(in.ptr, size / 2));
	fill(&second, span_of(in.ptr + size / 2, size - size / 2));
	check_lists(&first.reply, &second.reply);
	check_answer(&first.reply);
	for (i = 0; i < first.reply.elements; i++) {
		const redisReply *item = &first.items[i];

		check_answer(item);
		check_lists(item, &second.reply);
		if (has_text(item))
			check_hint(redis_link_text(item));
	}
	check_hint(in);
	empty(&first);
	empty(&second);
	return 0;
}
