/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/webhooks/webhook_body: the body to the byte, and its signature.
 */
#include "messages-fcgi/webhooks/webhook_body.h"

#include "tests/unit/unit.h"

#define OCCUPIED "{\"name\":\"channel_occupied\",\"channel\":\"a\"}"
#define ADDED                                                                  \
	"{\"name\":\"member_added\",\"channel\":\"presence-a\","               \
	"\"user_id\":\"\xc3\xa4\"}"

static char url[] = "http://a", all[] = "", some[] = "cache_miss,member_added";
static const struct webhook everything = { url, all }, two = { url, some };

static const struct webhook_event events[] = {
	{ { OCCUPIED, sizeof(OCCUPIED) - 1 }, 1795453367000 },
	{ { ADDED, sizeof(ADDED) - 1 }, 1795453367001 },
	{ { OCCUPIED, sizeof(OCCUPIED) - 1 }, 1795453367656 },
};

TEST(a_body_has_the_events_and_the_time_of_the_last_one)
{
	struct buf body = BUF_INIT;

	assert_int_equal(webhook_body_add(&body, &everything, events, 1), 1);
	assert_buf(&body,
		   "{\"time_ms\":1795453367000,\"events\":[" OCCUPIED "]}");
	assert_int_equal(webhook_body_add(&body, &everything, events, 3), 3);
	assert_buf(&body, "{\"time_ms\":1795453367656,\"events\":[" OCCUPIED
			  "," ADDED "," OCCUPIED "]}");
	buf_release(&body);
}

TEST(a_body_has_only_events_that_the_hook_subscribes_to)
{
	struct buf body = BUF_INIT;

	assert_int_equal(webhook_body_add(&body, &two, events, 3), 1);
	assert_buf(&body, "{\"time_ms\":1795453367001,\"events\":[" ADDED "]}");
	assert_int_equal(webhook_body_add(&body, &two, events, 1), 0);
	assert_int_equal(webhook_body_count(&two, events, 3), 1);
	assert_int_equal(webhook_body_count(&everything, events, 3), 3);
	buf_release(&body);
}

TEST(malformed_events_are_left_out)
{
	static const struct webhook_event odd[] = {
		{ { NULL, 0 }, 1 },
		{ { "", 0 }, 2 },
		{ { "{\"name\":1}", 10 }, 3 },
		{ { "{},{}", 5 }, 4 },
		{ { "[\"name\"]", 8 }, 5 },
		{ { OCCUPIED, sizeof(OCCUPIED) - 1 }, 6 },
	};
	struct buf body = BUF_INIT;

	assert_int_equal(webhook_body_add(&body, &everything, odd, COUNT(odd)),
			 1);
	assert_buf(&body, "{\"time_ms\":6,\"events\":[" OCCUPIED "]}");
	buf_release(&body);
}

TEST(the_body_is_signed_with_the_secret_of_the_app)
{
	char secret[] = "7ad3773142a6692b25b8";
	const struct app app = { .secret = secret };
	struct buf signature = BUF_INIT;

	webhook_body_sign(&signature, &app, SPAN("1234.1234:private-foobar"));
	assert_buf(&signature, "58df8b0c36d6982b82c3ecf6b4662e34"
			       "fe8c25bba48f5369f135bf843651c3a4");
	buf_release(&signature);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_body_has_the_events_and_the_time_of_the_last_one),
		cmocka_unit_test(
			a_body_has_only_events_that_the_hook_subscribes_to),
		cmocka_unit_test(malformed_events_are_left_out),
		cmocka_unit_test(the_body_is_signed_with_the_secret_of_the_app),
	};

	return cmocka_run_group_tests_name("webhook_body", tests, NULL, NULL);
}
