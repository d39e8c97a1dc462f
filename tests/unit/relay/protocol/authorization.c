/* SPDX-License-Identifier: MIT
 *
 * relay/authorization: which clients may subscribe, sign in, send events and
 * connect.
 */
#include "relay/protocol/authorization.h"

#include "common/wire/auth.h"

#include "tests/unit/unit.h"

#define SOCKET_ID ((uint64_t)1234 << 32 | 1234)

static char key[] = "key", secret[] = "0123456789abcdef", nothing[] = "",
	    origins[] = "https://example.org";
static const struct app app = { .key = key,
				.secret = secret,
				.allowed_origins = nothing };
static const struct span absent = { NULL, 0 };

/* auth NULL: the correct signature. */
static bool may_subscribe(const char *user, const char *channel,
			  const char *data, const char *auth)
{
	struct authorization who = { &app, SOCKET_ID, user };
	struct pusher_message message = { .channel = span_str(channel),
					  .channel_data = span_str(data) };
	struct buf buf = BUF_INIT;
	bool result;

	auth_add_channel(&buf, &app, SPAN("1234.1234"), message.channel,
			 message.channel_data);
	message.auth = auth ? span_str(auth) : buf_span(&buf);
	result = authorization_may_subscribe(&who, &message);
	buf_release(&buf);
	return result;
}

TEST(only_public_channels_are_open_to_all)
{
	assert_true(may_subscribe(NULL, "messages", NULL, ""));
	assert_true(may_subscribe(NULL, "cache-a", NULL, "anything"));
	assert_true(may_subscribe(NULL, "private-a", NULL, NULL));
	assert_true(may_subscribe(NULL, "private-a", "{}", NULL));
	assert_true(may_subscribe(NULL, "private-encrypted-a", NULL, NULL));
	assert_true(may_subscribe(NULL, "presence-a", "{}", NULL));
	assert_false(may_subscribe(NULL, "private-a", NULL, ""));
	assert_false(may_subscribe(NULL, "private-cache-a", NULL, ""));
	assert_false(may_subscribe(NULL, "private-encrypted-a", NULL, ""));
	assert_false(may_subscribe("Ada", "presence-a", "{}", ""));
}

TEST(only_the_user_may_subscribe_to_a_user_s_channel)
{
	assert_true(may_subscribe("Ada", "#server-to-user-Ada", NULL, ""));
	assert_false(may_subscribe(NULL, "#server-to-user-Ada", NULL, ""));
	assert_false(may_subscribe("Bob", "#server-to-user-Ada", NULL, ""));
	assert_false(may_subscribe("Ad", "#server-to-user-Ada", NULL, ""));
	assert_false(may_subscribe("Ada", "#server-to-user-Ad", NULL, ""));
	/* and no */
	assert_false(may_subscribe(NULL, "#server-to-user-Ada", NULL, NULL));
	assert_false(may_subscribe("Ada", "#server-to-user-Ada", NULL, NULL));
}

static const char *sign_in(const char *user, struct span data, bool is_signed)
{
	struct authorization who = { &app, SOCKET_ID, user };
	struct pusher_message message = { .user_data = data };
	struct buf buf = BUF_INIT;
	struct pusher_member member;
	const char *why;

	if (is_signed)
		auth_add_user(&buf, &app, SPAN("1234.1234"), data);
	message.auth = buf_span(&buf);
	why = authorization_check_signin(&who, &message, &member);
	if (why == NULL) {
		assert_span(member.user_id, SPAN("Ada"));
		pusher_member_release(&member);
	}
	buf_release(&buf);
	return why ? why : "";
}

TEST(a_client_with_a_valid_signature_signs_in_once)
{
	struct span ada = SPAN("{\"id\":\"Ada\"}");

	assert_string_equal(sign_in(NULL, ada, true), "");
	assert_string_equal(sign_in(NULL, ada, false), "not authorized");
	assert_string_equal(sign_in("Ada", ada, true), "already signed in");
	assert_string_equal(sign_in(NULL, absent, true),
			    "user_data is missing");
	assert_string_equal(sign_in(NULL, SPAN("{}"), true),
			    "id must be a string");
	/* unsigned data is not parsed */
	assert_string_equal(sign_in(NULL, SPAN("{"), false), "not authorized");
}

static void expect_client_event(const struct app *of, const char *channel,
				size_t name_len, size_t data_len,
				const char *want)
{
	static char name[202], data[12];
	struct pusher_message message = {
		.channel = span_str(channel),
		.event = span_of(name, name_len),
		.event_data = span_of(data, data_len),
	};
	const char *why;

	memset(name, 'x', sizeof(name));
	why = authorization_check_client_event(of, &message, true);
	assert_string_equal(why ? why : "", want);
}

TEST(client_events_need_permission_and_a_subscription)
{
	struct app open = app;
	struct pusher_message message = { .channel = SPAN("private-a") };

	expect_client_event(&open, "private-a", 8, 1,
			    "are not enabled for this app");
	open.client_events = true;
	open.event_max_bytes = 10;
	expect_client_event(&open, "private-a", 200, 10, "");
	expect_client_event(&open, "presence-a", 8, 0, "");
	expect_client_event(&open, "a", 8, 1,
			    "need a private or presence channel");
	expect_client_event(&open, "private-encrypted-a", 8, 1,
			    "need a private or presence channel");
	expect_client_event(&open, "#server-to-user-a", 8, 1,
			    "need a private or presence channel");
	expect_client_event(&open, "private-a", 201, 1,
			    "have names of at most 200 characters");
	expect_client_event(&open, "private-a", 8, 11,
			    "are larger than this app allows");
	assert_string_equal(
		authorization_check_client_event(&open, &message, false),
		"need a subscription to their channel");
}

TEST(a_page_connects_if_its_origin_is_listed)
{
	struct app listed = app;

	assert_true(
		authorization_has_origin(&app, SPAN("https://evil.example")));
	listed.allowed_origins = origins;
	assert_true(
		authorization_has_origin(&listed, SPAN("https://example.org")));
	assert_true(authorization_has_origin(&listed, absent));
	assert_false(authorization_has_origin(&listed,
					      SPAN("https://evil.example")));
	assert_false(authorization_has_origin(&listed, SPAN("")));
	assert_false(authorization_has_origin(&listed, SPAN("null")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_public_channels_are_open_to_all),
		cmocka_unit_test(
			only_the_user_may_subscribe_to_a_user_s_channel),
		cmocka_unit_test(a_client_with_a_valid_signature_signs_in_once),
		cmocka_unit_test(
			client_events_need_permission_and_a_subscription),
		cmocka_unit_test(a_page_connects_if_its_origin_is_listed),
	};

	return cmocka_run_group_tests_name("authorization", tests, NULL, NULL);
}
