/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/channel_info: the answer has the requested attributes.
 */
#include "messages-fcgi/api/channel_info.h"

#include "tests/unit/unit.h"

static void parse(const char *list, unsigned want, const char *unknown)
{
	unsigned wanted;
	struct span box = boxed(span_str(list));
	struct span found = channel_info_parse(box, &wanted);

	assert_int_equal(wanted, want);
	if (unknown == NULL)
		assert_null(found.ptr);
	else
		assert_span(found, span_str(unknown));
	unbox(box);
}

TEST(names_are_separated_by_commas)
{
	parse("", 0, NULL);
	parse("user_count", CHANNEL_INFO_USERS, NULL);
	parse("subscription_count,user_count,cache",
	      CHANNEL_INFO_USERS | CHANNEL_INFO_SUBSCRIBERS |
		      CHANNEL_INFO_CACHE,
	      NULL);
	parse("user_count,x,y", CHANNEL_INFO_USERS, "x");
	parse("user_count ,cache", CHANNEL_INFO_CACHE, "user_count ");
	parse(",cache", CHANNEL_INFO_CACHE, "");
	parse("users", 0, "users");
}

static void assert_told(const struct channel_info *info, unsigned wanted,
			const char *json)
{
	struct buf buf = BUF_INIT;
	bool is_first = true;

	buf_add_char(&buf, '{');
	channel_info_add(&buf, info, wanted, &is_first);
	buf_add_char(&buf, '}');
	assert_span(buf_span(&buf), span_str(json));
	buf_release(&buf);
}

TEST(wanted_attributes_are_added)
{
	const struct channel_info full = { 2, 3, SPAN("{\"a\":1}"), 60 };
	const struct channel_info empty = { .users = 0 };
	const unsigned all = CHANNEL_INFO_USERS | CHANNEL_INFO_SUBSCRIBERS |
			     CHANNEL_INFO_CACHE;

	assert_told(&full, 0, "{}");
	assert_told(&full, CHANNEL_INFO_SUBSCRIBERS,
		    "{\"subscription_count\":3}");
	assert_told(&full, all,
		    "{\"user_count\":2,\"subscription_count\":3,"
		    "\"cache\":{\"data\":\"{\\\"a\\\":1}\",\"ttl\":60}}");
	assert_told(&empty, all, "{\"user_count\":0,\"subscription_count\":0}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_separated_by_commas),
		cmocka_unit_test(wanted_attributes_are_added),
	};

	return cmocka_run_group_tests_name("channel_info", tests, NULL, NULL);
}
