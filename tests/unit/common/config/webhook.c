/* SPDX-License-Identifier: MIT
 *
 * common/config/webhook: lists of URLs, and arrays that also list events.
 */
#include "common/config/webhook.h"

#include "common/base/json.h"

#include "tests/unit/unit.h"

static const char no_url[] =
	"has an item that is not an http:// or https:// URL";

/* The result of webhooks_take for text. */
static const char *take(struct webhooks *hooks, const char *text)
{
	struct buf json = BUF_INIT;
	struct json_object *object;
	const char *why = NULL;

	buf_addf(&json, "{\"a\":%s}", text);
	assert_int_equal(json_parse_object(buf_span(&json), &object, &why), 0);
	why = webhooks_take(hooks, json_object_object_get(object, "a"));
	json_object_put(object);
	buf_release(&json);
	return why;
}

static void expect_refused(const char *text, const char *want)
{
	struct webhooks hooks = WEBHOOKS_INIT;
	const char *why = take(&hooks, text);

	assert_non_null(why);
	assert_string_equal(why, want);
	webhooks_release(&hooks);
}

TEST(urls_of_a_list_receive_all_events)
{
	struct webhooks hooks = WEBHOOKS_INIT;

	assert_null(webhooks_parse(
		&hooks, " https://user@example.org:8/a?b=c, http://[::1]/"));
	assert_int_equal(hooks.count, 2);
	assert_string_equal(hooks.all[0].url,
			    "https://user@example.org:8/a?b=c");
	assert_string_equal(hooks.all[1].url, "http://[::1]/");
	assert_true(webhook_wants(&hooks.all[0], SPAN("cache_miss")));
	webhooks_release(&hooks);
	assert_null(webhooks_check(""));
	assert_null(webhooks_check("http://a"));
}

TEST(a_malformed_or_repeated_url_is_refused)
{
	static const char *const wrong[] = {
		"a",        "ftp://a",      "https://",        "http:///path",
		"HTTP://a", "http://a\x01", "http://\xc3\xa4", "http://a,b"
	};
	size_t i;

	for (i = 0; i < COUNT(wrong); i++)
		assert_string_equal(webhooks_check(wrong[i]), no_url);
	assert_string_equal(webhooks_check("http://a,http://b,http://a"),
			    "names a URL twice");
}

TEST(an_object_lists_the_events_of_its_url)
{
	struct webhooks hooks = WEBHOOKS_INIT;

	assert_null(take(&hooks, "[\"http://a\",{\"url\":\"http://b?x,y\","
				 "\"events\":[\"client_event\","
				 "\"member_added\"]}]"));
	assert_int_equal(hooks.count, 2);
	assert_true(webhook_wants(&hooks.all[0], SPAN("channel_vacated")));
	assert_string_equal(hooks.all[1].url, "http://b?x,y");
	assert_true(webhook_wants(&hooks.all[1], SPAN("client_event")));
	assert_true(webhook_wants(&hooks.all[1], SPAN("member_added")));
	assert_false(webhook_wants(&hooks.all[1], SPAN("member_removed")));
	assert_false(webhook_wants(&hooks.all[1], SPAN("member")));
	assert_false(webhook_wants(&hooks.all[1], span_of(NULL, 0)));
	webhooks_release(&hooks);
}

TEST(a_malformed_array_is_refused_with_the_reason)
{
	expect_refused("\"http://a\"", "is not an array");
	expect_refused("[1]", "has an item that is neither a string nor an "
			      "object");
	expect_refused("[\"a\"]", no_url);
	expect_refused("[{\"events\":[\"cache_miss\"],\"urls\":\"http://a\"}]",
		       no_url);
	expect_refused("[{\"url\":\"http://a\"}]",
		       "has an object with other members than url and events");
	expect_refused("[{\"url\":\"http://a\",\"event\":[]}]",
		       "has an object with other members than url and events");
	expect_refused("[{\"url\":\"http://a\",\"events\":[]}]",
		       "has events that are not an array of names");
	expect_refused("[{\"url\":\"http://a\",\"events\":\"cache_miss\"}]",
		       "has events that are not an array of names");
	expect_refused("[{\"url\":\"http://a\",\"events\":[\"cache_mis\"]}]",
		       "has an unknown event");
	expect_refused("[\"http://a\",\"http://a\"]", "names a URL twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_of_a_list_receive_all_events),
		cmocka_unit_test(a_malformed_or_repeated_url_is_refused),
		cmocka_unit_test(an_object_lists_the_events_of_its_url),
		cmocka_unit_test(a_malformed_array_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
