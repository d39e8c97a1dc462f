/* SPDX-License-Identifier: MIT
 *
 * relay/channels/room: the changes that are reported follow the lists, even if
 * lists were missed.
 */
#include "relay/channels/room.h"

#include "tests/unit/unit.h"

static struct span user(const char *name)
{
	return span_str(name);
}

static void assert_json(const struct room *room, const char *json)
{
	struct buf buf = BUF_INIT;

	room_add_json(room, &buf);
	assert_span(buf_span(&buf), span_str(json));
	buf_release(&buf);
}

/* Reads a list, one letter a user; what changed: ":+a-b". */
static void assert_list(struct room *room, const char *list, const char *wanted)
{
	struct buf told = BUF_INIT;
	struct room_member *member, *at;

	buf_add_char(&told, ':');
	room_list_begin(room);
	for (; *list != '\0'; list++) {
		member = room_list_add(room, span_of(list, 1), SPAN("1"));
		if (member == NULL)
			continue;
		buf_add_char(&told, '+');
		buf_add_span(&told, room_member_user(member));
	}
	at = room->first;
	while ((member = room_list_take(room, &at)) != NULL) {
		buf_add_char(&told, '-');
		buf_add_span(&told, room_member_user(member));
		room_drop(room, member);
	}
	assert_span(buf_span(&told), span_str(wanted));
	buf_release(&told);
}

TEST(a_list_is_reported_as_the_changes_since_the_last_one)
{
	struct room room;

	room_init(&room);
	assert_list(&room, "", ":");
	assert_list(&room, "ab", ":+a+b");
	assert_list(&room, "ab", ":");
	assert_list(&room, "bc", ":+c-a");
	assert_list(&room, "", ":-b-c");
	assert_null(room.first);
	room_release(&room);
}

TEST(members_of_this_worker_stay_whatever_a_list_has)
{
	struct room_member *first, *again;
	struct room room;

	room_init(&room);
	first = room_enter(&room, user("a"), SPAN("{}"));
	assert_json(&room, "\"presence\":{\"ids\":[],\"hash\":{},\"count\":0}");
	assert_list(&room, "", ":");
	assert_list(&room, "a", ":+a");
	again = room_enter(&room, user("a"), SPAN("{}"));
	assert_ptr_equal(first, again);
	room_leave(&room, first);
	assert_list(&room, "b", ":+b");
	room_leave(&room, first);
	assert_ptr_equal(room_find(&room, user("a")), first);
	assert_list(&room, "b", ":-a");
	room_release(&room);
}

TEST(a_member_that_was_never_shown_is_not_reported_as_gone)
{
	struct room_member *member;
	struct room room;

	room_init(&room);
	member = room_enter(&room, user("a"), SPAN(""));
	room_leave(&room, member);
	assert_null(room_find(&room, user("a")));
	member = room_enter(&room, user("a"), SPAN(""));
	assert_true(room_show(&room, member));
	assert_false(room_show(&room, member));
	room_leave(&room, member);
	assert_list(&room, "", ":-a");
	room_release(&room);
}

TEST(the_json_of_a_room_has_the_info_of_each_member)
{
	struct room room;

	room_init(&room);
	room_show(&room, room_enter(&room, user("a\"b"), SPAN("{\"x\":1}")));
	room_show(&room, room_enter(&room, user("c"), SPAN("")));
	assert_json(&room, "\"presence\":{\"ids\":[\"a\\\"b\",\"c\"],"
			   "\"hash\":{\"a\\\"b\":{\"x\":1},\"c\":null},"
			   "\"count\":2}");
	room_release(&room);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_list_is_reported_as_the_changes_since_the_last_one),
		cmocka_unit_test(
			members_of_this_worker_stay_whatever_a_list_has),
		cmocka_unit_test(
			a_member_that_was_never_shown_is_not_reported_as_gone),
		cmocka_unit_test(
			the_json_of_a_room_has_the_info_of_each_member),
	};

	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
