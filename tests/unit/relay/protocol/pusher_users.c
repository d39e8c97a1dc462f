/* SPDX-License-Identifier: MIT
 *
 * relay/pusher: members of presence channels and users who sign in, from the
 * data that their server signed.
 */
#include "relay/protocol/pusher.h"

#include "tests/unit/unit.h"

static const struct span absent = { NULL, 0 };

static void expect_member(const char *data, const char *user_id,
			  const char *user_info)
{
	struct span box = boxed(span_str(data));
	struct pusher_member member;

	assert_null(pusher_decode_member(box, &member));
	assert_span(member.user_id, span_str(user_id));
	assert_span(member.user_info, span_str(user_info));
	pusher_member_release(&member);
	unbox(box);
}

TEST(a_member_has_an_id_and_perhaps_more)
{
	expect_member("{\"user_id\":\"Ada\"}", "Ada", NULL);
	expect_member("{\"user_id\":10,\"user_info\":{\"name\": \"Ada\"}}",
		      "10", "{\"name\": \"Ada\"}");
	expect_member("{\"user_id\": 98765432109876543210 }",
		      "98765432109876543210", NULL);
	expect_member("{\"user_info\":null,\"user_id\":\"\\u00e9\\\"\"}",
		      "\xc3\xa9\"", "null");
}

static void expect_no_member(struct span data, const char *want)
{
	struct pusher_member member;
	const char *why = pusher_decode_member(data, &member);

	assert_non_null(why);
	assert_string_equal(why, want);
	assert_null(member.root);
}

TEST(malformed_members_are_refused)
{
	static const char no_id[] = "user_id must be a string or a number";

	expect_no_member(absent, "channel_data is missing");
	expect_no_member(SPAN("[]"), "not an object");
	expect_no_member(SPAN("{"), "a string is missing");
	expect_no_member(SPAN("{}"), no_id);
	expect_no_member(SPAN("{\"user_id\":\"\"}"), no_id);
	expect_no_member(SPAN("{\"user_id\":null}"), no_id);
	expect_no_member(SPAN("{\"user_id\":true}"), no_id);
	expect_no_member(SPAN("{\"user_id\":[\"a\"]}"), no_id);
	expect_no_member(SPAN("{\"user_id\":\"a\",\"user_id\":\"b\"}"),
			 "a repeated key");
}

/* A member with an id of this many characters, and this many bytes of info. */
static void check_limits(int characters, int bytes, const char *want)
{
	struct pusher_member member;
	struct buf buf = BUF_INIT;
	const char *why;

	buf_add_str(&buf, "{\"user_id\":\"");
	while (characters-- > 0)
		buf_add_str(&buf, "\xc3\xa9");
	buf_add_str(&buf, "\",\"user_info\":\"");
	while (bytes-- > 2) /* the quotes */
		buf_add_char(&buf, 'x');
	buf_add_str(&buf, "\"}");
	why = pusher_decode_member(buf_span(&buf), &member);
	assert_string_equal(why ? why : "", want);
	pusher_member_release(&member);
	buf_release(&buf);
}

TEST(members_beyond_the_limits_are_refused)
{
	check_limits(128, 1024, "");
	check_limits(129, 2, "user_id is too long");
	check_limits(1, 1025, "user_info is too large");
}

static void expect_user(const char *data, const char *id, const char *want)
{
	struct span box = boxed(span_str(data));
	struct pusher_member member;
	const char *why = pusher_decode_user(box, &member);

	assert_string_equal(why ? why : "", want);
	if (why == NULL) {
		assert_span(member.user_id, span_str(id));
		pusher_member_release(&member);
	}
	assert_null(member.root);
	unbox(box);
}

TEST(a_user_id_must_make_a_valid_channel_name)
{
	struct pusher_member member;
	struct buf buf = BUF_INIT;
	int i;

	expect_user("{\"id\":\"12345\"}", "12345", "");
	expect_user("{\"user_info\":{},\"id\":\"a b/\\u00e9#\"}",
		    "a b/\xc3\xa9#", "");
	expect_user("{\"id\":12345}", NULL, "id must be a string");
	expect_user("{\"id\":\"\"}", NULL, "id must be a string");
	expect_user("{\"user_id\":\"1\"}", NULL, "id must be a string");
	expect_user("{\"id\":\"a\\nb\"}", NULL, "no user can have this id");
	expect_user("[]", NULL, "not an object");
	assert_string_equal(pusher_decode_user(absent, &member),
			    "user_data is missing");
	for (i = 127; i <= 129; i++) {
		buf_clear(&buf);
		buf_addf(&buf, "{\"id\":\"%0*d\"}%c", i, 7, '\0');
		assert_int_equal(
			pusher_decode_user(span_str(buf.data), &member) == NULL,
			i <= 128);
		pusher_member_release(&member);
	}
	buf_release(&buf);
}

TEST(a_watchlist_names_each_user_once)
{
	struct pusher_watchlist list;

	pusher_decode_watchlist(
		SPAN("{\"id\":\"1\",\"watchlist\":"
		     "[\"a\",\"b\",\"a\",\"\\u0061\",\"A\",\"b\"]}"),
		&list);
	assert_int_equal(list.count, 3);
	assert_span(list.users[0], SPAN("a"));
	assert_span(list.users[1], SPAN("b"));
	assert_span(list.users[2], SPAN("A"));
	pusher_watchlist_release(&list);
}

TEST(a_watchlist_names_users_up_to_the_limit)
{
	struct pusher_watchlist list;
	struct buf buf = BUF_INIT;
	int i;

	pusher_decode_watchlist(SPAN("{\"id\":\"1\",\"watchlist\":\"2\"}"),
				&list);
	assert_int_equal(list.count, 0);
	pusher_watchlist_release(&list);
	buf_add_str(&buf, "{\"id\":\"1\",\"watchlist\":[7,null");
	for (i = 1; i <= 101; i++)
		buf_addf(&buf, ",\"u%d\"", i);
	buf_add_str(&buf, "]}");
	pusher_decode_watchlist(buf_span(&buf), &list);
	assert_int_equal(list.count, 100);
	assert_span(list.users[0], SPAN("u1"));
	assert_span(list.users[99], SPAN("u100"));
	pusher_watchlist_release(&list);
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_has_an_id_and_perhaps_more),
		cmocka_unit_test(malformed_members_are_refused),
		cmocka_unit_test(members_beyond_the_limits_are_refused),
		cmocka_unit_test(a_user_id_must_make_a_valid_channel_name),
		cmocka_unit_test(a_watchlist_names_each_user_once),
		cmocka_unit_test(a_watchlist_names_users_up_to_the_limit),
	};

	return cmocka_run_group_tests_name("pusher_users", tests, NULL, NULL);
}
