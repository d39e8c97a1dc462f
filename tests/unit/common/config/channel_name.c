/* SPDX-License-Identifier: MIT
 *
 * common/config/channel_name: the syntax of names, their kinds, and the
 * operator's list.
 */
#include "common/config/channel_name.h"

#include "tests/unit/unit.h"

TEST(names_are_made_of_the_allowed_characters)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-=@,.;";
	int c;

	for (c = 0; c < 256; c++) {
		char name[3] = { 'a', (char)c, 'z' };
		bool is_allowed =
			c != 0 && memchr(allowed, c, sizeof(allowed)) != NULL;

		if (channel_name_is_valid(span_of(name, 3)) != is_allowed ||
		    channel_name_is_valid(span_of(name + 1, 1)) != is_allowed)
			fail_msg("character %d", c);
	}
}

TEST(names_have_1_to_164_characters)
{
	char name[CHANNEL_NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	assert_int_equal(CHANNEL_NAME_MAX, 164);
	assert_false(channel_name_is_valid(span_of(NULL, 0)));
	assert_false(channel_name_is_valid(SPAN("")));
	assert_true(channel_name_is_valid(SPAN("n")));
	assert_true(channel_name_is_valid(span_of(name, CHANNEL_NAME_MAX)));
	assert_false(channel_name_is_valid(span_of(name, sizeof(name))));
}

TEST(private_and_presence_channels_are_not_public)
{
	assert_false(channel_name_is_public(SPAN("private-a")));
	assert_false(channel_name_is_public(SPAN("private-")));
	assert_false(channel_name_is_public(SPAN("private-encrypted-a")));
	assert_false(channel_name_is_public(SPAN("presence-a")));
	assert_true(channel_name_is_public(SPAN("private")));
	assert_true(channel_name_is_public(SPAN("Private-a")));
	assert_true(channel_name_is_public(SPAN("a-private-a")));
	assert_true(channel_name_is_public(span_of("private-", 7)));
}

static const char *kind_of(const char *name)
{
	static const char *const kinds[] = {
		[CHANNEL_NAME_PUBLIC] = "public",
		[CHANNEL_NAME_PRIVATE] = "private",
		[CHANNEL_NAME_ENCRYPTED] = "encrypted",
		[CHANNEL_NAME_PRESENCE] = "presence",
		[CHANNEL_NAME_USER] = "user",
	};
	struct span box = boxed(span_str(name));
	enum channel_name_kind kind = channel_name_kind(box);

	unbox(box);
	return kinds[kind];
}

TEST(the_prefix_of_a_name_determines_its_kind)
{
	assert_string_equal(kind_of("messages"), "public");
	assert_string_equal(kind_of(""), "public");
	assert_string_equal(kind_of("private"), "public");
	assert_string_equal(kind_of("cache-private-a"), "public");
	assert_string_equal(kind_of("private-"), "private");
	assert_string_equal(kind_of("private-a"), "private");
	assert_string_equal(kind_of("private-encrypted"), "private");
	assert_string_equal(kind_of("private-presence-a"), "private");
	assert_string_equal(kind_of("private-encrypted-"), "encrypted");
	assert_string_equal(kind_of("private-encrypted-cache-a"), "encrypted");
	assert_string_equal(kind_of("presence-a"), "presence");
	assert_string_equal(kind_of("presence-encrypted-a"), "presence");
	assert_string_equal(kind_of("#server-to-user-1"), "user");
	assert_string_equal(kind_of("#server-to-users"), "public");
}

TEST(channels_of_any_kind_but_users_may_be_cache_channels)
{
	static const char *const cached[] = { "cache-a", "cache-",
					      "private-cache-a",
					      "presence-cache-a",
					      "private-encrypted-cache-a" };
	static const char *const others[] = { "cache",
					      "a-cache-b",
					      "private-a-cache-b",
					      "private-presence-cache-a",
					      "presence-encrypted-cache-a",
					      "encrypted-cache-a",
					      "#server-to-user-cache-a" };
	size_t i;

	for (i = 0; i < COUNT(cached); i++)
		assert_true(channel_name_is_cache(span_str(cached[i])));
	for (i = 0; i < COUNT(others); i++)
		assert_false(channel_name_is_cache(span_str(others[i])));
}

TEST(a_user_s_channel_names_the_user)
{
	char name[CHANNEL_NAME_MAX + 1];
	struct buf buf = BUF_INIT;

	memset(name, 'n', sizeof(name));
	memcpy(name, "#server-to-user-", 16);
	assert_span(channel_name_user(SPAN("#server-to-user-1")), SPAN("1"));
	assert_span(channel_name_user(SPAN("#server-to-user-a b/\xc3\xa9")),
		    SPAN("a b/\xc3\xa9"));
	assert_int_equal(channel_name_user(span_of(name, CHANNEL_NAME_MAX)).len,
			 148);
	assert_null(channel_name_user(span_of(name, sizeof(name))).ptr);
	assert_null(channel_name_user(SPAN("#server-to-user-")).ptr);
	assert_null(channel_name_user(SPAN("#server-to-user-a\n")).ptr);
	assert_null(channel_name_user(SPAN("#server-to-user-\x7f")).ptr);
	assert_null(channel_name_user(SPAN("server-to-user-1")).ptr);
	assert_null(channel_name_user(SPAN("messages")).ptr);
	assert_null(channel_name_user(span_of(NULL, 0)).ptr);
	channel_name_add_user(&buf, SPAN("Ada"));
	assert_buf(&buf, "#server-to-user-Ada");
	buf_release(&buf);
	assert_false(channel_name_is_valid(SPAN("#server-to-user-1")));
	assert_false(channel_name_is_public(SPAN("#server-to-user-1")));
}

static bool is_listed(const char *name, const char *list)
{
	struct span box = boxed(span_str(name));
	bool result = channel_name_is_listed(box, list);

	unbox(box);
	return result;
}

TEST(names_match_the_names_and_patterns_of_a_list)
{
	assert_true(is_listed("messages", "messages,room-*"));
	assert_true(is_listed("room-1", "messages,room-*"));
	assert_true(is_listed("room-", "messages,room-*"));
	assert_false(is_listed("room", "messages,room-*"));
	assert_false(is_listed("messages2", "messages,room-*"));
	assert_false(is_listed("message", "messages,room-*"));
	assert_false(is_listed("my-room-1", "messages,room-*"));
	assert_false(is_listed("Messages", "messages,room-*"));
	assert_true(is_listed("room-7", "room-[0-9]"));
	assert_false(is_listed("room-x", "room-[0-9]"));
	assert_true(is_listed("room-x", "room-?"));
	assert_false(is_listed("room-xy", "room-?"));
	assert_true(is_listed("anything", "*"));
	assert_true(is_listed("a.b", "*"));
	assert_true(is_listed(".hidden", "*"));
}

TEST(blanks_and_empty_places_in_the_list_match_nothing)
{
	assert_false(is_listed("a", ""));
	assert_false(is_listed("a", " , ,\t,"));
	assert_true(is_listed("a", " b , a "));
	assert_true(is_listed("a", "\ta,b"));
	assert_true(is_listed("b", ",,a,,b"));
	assert_false(is_listed("a", "ab, ba"));
}

TEST(a_name_with_a_comma_is_not_split)
{
	assert_false(is_listed("a,b", "a,b"));
	assert_true(is_listed("a,b", "a*"));
}

TEST(the_longest_name_matches_and_a_pattern_without_end_does_not)
{
	char name[CHANNEL_NAME_MAX + 1], list[4096];

	memset(name, 'n', sizeof(name));
	name[CHANNEL_NAME_MAX] = '\0';
	assert_true(is_listed(name, "n*"));
	memset(list, 'x', sizeof(list));
	memcpy(list + sizeof(list) - 4, ",n*", 4);
	assert_true(is_listed(name, list));
}

TEST(a_durable_channel_is_public_and_listed)
{
	assert_true(channel_name_is_durable(SPAN("room-1"), "*"));
	assert_false(channel_name_is_durable(SPAN("private-1"), "*"));
	assert_false(channel_name_is_durable(SPAN("presence-1"), "presence-*"));
	assert_false(channel_name_is_durable(SPAN("other"), "room-*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_of_the_allowed_characters),
		cmocka_unit_test(names_have_1_to_164_characters),
		cmocka_unit_test(private_and_presence_channels_are_not_public),
		cmocka_unit_test(the_prefix_of_a_name_determines_its_kind),
		cmocka_unit_test(
			channels_of_any_kind_but_users_may_be_cache_channels),
		cmocka_unit_test(a_user_s_channel_names_the_user),
		cmocka_unit_test(names_match_the_names_and_patterns_of_a_list),
		cmocka_unit_test(
			blanks_and_empty_places_in_the_list_match_nothing),
		cmocka_unit_test(a_name_with_a_comma_is_not_split),
		cmocka_unit_test(
			the_longest_name_matches_and_a_pattern_without_end_does_not),
		cmocka_unit_test(a_durable_channel_is_public_and_listed),
	};

	return cmocka_run_group_tests_name("channel_name", tests, NULL, NULL);
}
