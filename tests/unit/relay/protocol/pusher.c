/* SPDX-License-Identifier: MIT
 *
 * relay/pusher: the exact bytes of every event that relay sends, the decoding
 * of every client event, and the codes of PROTOCOL.md.
 */
#include "relay/protocol/pusher.h"

#include "tests/unit/unit.h"

static const struct span absent = { NULL, 0 };

/* ---- to the client ---- */

TEST(server_events_have_these_bytes)
{
	struct pusher_history history = { 41, "0f3a", { NULL, 0 } };
	struct buf buf = BUF_INIT;

	pusher_add_established(&buf, (uint64_t)123 << 32 | 456, 120);
	assert_buf(&buf, "{\"event\":\"pusher:connection_established\","
			 "\"data\":\"{\\\"socket_id\\\":\\\"123.456\\\","
			 "\\\"activity_timeout\\\":120}\"}");
	pusher_add_established(&buf, UINT64_MAX, 1);
	assert_buf(&buf, "{\"event\":\"pusher:connection_established\","
			 "\"data\":\"{\\\"socket_id\\\":"
			 "\\\"4294967295.4294967295\\\","
			 "\\\"activity_timeout\\\":1}\"}");
	pusher_add_signed_in(&buf, SPAN("{\"id\":\"1\"}"));
	assert_buf(&buf, "{\"event\":\"pusher:signin_success\",\"data\":"
			 "{\"user_data\":\"{\\\"id\\\":\\\"1\\\"}\"}}");
	pusher_add_ping(&buf);
	assert_buf(&buf, "{\"event\":\"pusher:ping\",\"data\":\"{}\"}");
	pusher_add_pong(&buf);
	assert_buf(&buf, "{\"event\":\"pusher:pong\",\"data\":\"{}\"}");
	pusher_add_subscribed(&buf, SPAN("messages"), &history, SPAN(""));
	assert_buf(&buf,
		   "{\"event\":\"pusher_internal:subscription_succeeded\","
		   "\"channel\":\"messages\",\"data\":"
		   "\"{\\\"base\\\":41,\\\"epoch\\\":\\\"0f3a\\\"}\"}");
	history.grant = SPAN("1:a:b");
	pusher_add_subscribed(&buf, SPAN("private-a"), &history, SPAN(""));
	assert_buf(&buf,
		   "{\"event\":\"pusher_internal:subscription_succeeded\","
		   "\"channel\":\"private-a\",\"data\":"
		   "\"{\\\"base\\\":41,\\\"epoch\\\":\\\"0f3a\\\","
		   "\\\"grant\\\":\\\"1:a:b\\\"}\"}");
	pusher_add_subscribed(&buf, SPAN("a_B-c=@,.;1"), NULL, SPAN(""));
	assert_buf(&buf,
		   "{\"event\":\"pusher_internal:subscription_succeeded\","
		   "\"channel\":\"a_B-c=@,.;1\",\"data\":\"{}\"}");
	buf_release(&buf);
}

TEST(watchlist_events_name_the_users)
{
	struct span users[] = { SPAN("a\"b"), SPAN("c") };
	struct pusher_watchlist list;
	struct buf buf = BUF_INIT;

	pusher_decode_watchlist(SPAN("{\"id\":\"a\",\"watchlist\":"
				     "[\"b\",1,\"\\u0063\"]}"),
				&list);
	assert_int_equal(list.count, 2);
	assert_span(list.users[0], SPAN("b"));
	assert_span(list.users[1], SPAN("c"));
	pusher_watchlist_release(&list);
	pusher_decode_watchlist(SPAN("{\"id\":\"a\"}"), &list);
	assert_int_equal(list.count, 0);
	pusher_watchlist_release(&list);
	pusher_add_watchlist(&buf, users, 2, NULL, 0);
	assert_buf(&buf, "{\"event\":\"pusher_internal:watchlist_events\","
			 "\"data\":\"{\\\"events\\\":[{\\\"name\\\":"
			 "\\\"online\\\",\\\"user_ids\\\":"
			 "[\\\"a\\\\\\\"b\\\",\\\"c\\\"]}]}\"}");
	pusher_add_watchlist(&buf, users + 1, 1, users + 1, 1);
	assert_buf(&buf, "{\"event\":\"pusher_internal:watchlist_events\","
			 "\"data\":\"{\\\"events\\\":[{\\\"name\\\":"
			 "\\\"online\\\",\\\"user_ids\\\":[\\\"c\\\"]},"
			 "{\\\"name\\\":\\\"offline\\\","
			 "\\\"user_ids\\\":[\\\"c\\\"]}]}\"}");
	buf_release(&buf);
}

TEST(member_events_have_these_bytes)
{
	struct pusher_history history = { 41, "e", { NULL, 0 } };
	struct buf buf = BUF_INIT;
	struct span none = SPAN("\"presence\":{\"ids\":[]}");

	pusher_add_subscribed(&buf, SPAN("presence-a"), &history, none);
	assert_buf(&buf,
		   "{\"event\":\"pusher_internal:subscription_succeeded\","
		   "\"channel\":\"presence-a\",\"data\":"
		   "\"{\\\"base\\\":41,\\\"epoch\\\":\\\"e\\\","
		   "\\\"presence\\\":{\\\"ids\\\":[]}}\"}");
	pusher_add_subscribed(&buf, SPAN("presence-a"), NULL, none);
	assert_buf(&buf,
		   "{\"event\":\"pusher_internal:subscription_succeeded\","
		   "\"channel\":\"presence-a\",\"data\":"
		   "\"{\\\"presence\\\":{\\\"ids\\\":[]}}\"}");
	pusher_add_member(&buf, true, SPAN("presence-a"), SPAN("u\"1"),
			  SPAN("{\"a\":1}"));
	assert_buf(&buf, "{\"event\":\"pusher_internal:member_added\","
			 "\"channel\":\"presence-a\",\"data\":"
			 "\"{\\\"user_id\\\":\\\"u\\\\\\\"1\\\","
			 "\\\"user_info\\\":{\\\"a\\\":1}}\"}");
	pusher_add_member(&buf, false, SPAN("presence-a"), SPAN("u"),
			  SPAN("{}"));
	assert_buf(&buf, "{\"event\":\"pusher_internal:member_removed\","
			 "\"channel\":\"presence-a\",\"data\":"
			 "\"{\\\"user_id\\\":\\\"u\\\"}\"}");
	pusher_add_cache_miss(&buf, SPAN("cache-a"));
	assert_buf(&buf, "{\"event\":\"pusher:cache_miss\","
			 "\"channel\":\"cache-a\"}");
	pusher_add_count(&buf, SPAN("a"), 12);
	assert_buf(&buf, "{\"event\":\"pusher_internal:subscription_count\","
			 "\"channel\":\"a\",\"data\":"
			 "\"{\\\"subscription_count\\\":12}\"}");
	buf_release(&buf);
}

TEST(errors_have_these_bytes)
{
	struct buf buf = BUF_INIT;

	pusher_add_error(&buf, 0, "unknown event", absent);
	assert_buf(&buf, "{\"event\":\"pusher:error\",\"data\":{\"code\":null,"
			 "\"message\":\"unknown event\"}}");
	pusher_add_error(&buf, 4009, "no access to ", SPAN("private-\"x\"\n"));
	assert_buf(&buf, "{\"event\":\"pusher:error\",\"data\":{\"code\":4009,"
			 "\"message\":\"no access to private-\\\"x\\\"\\n\"}}");
	pusher_add_subscription_error(&buf, SPAN("private-\"x"), "AuthError",
				      SPAN("No: private-\"x"), 401);
	assert_buf(&buf, "{\"event\":\"pusher:subscription_error\",\"channel\":"
			 "\"private-\\\"x\",\"data\":{\"type\":\"AuthError\","
			 "\"error\":\"No: private-\\\"x\",\"status\":401}}");
	buf_release(&buf);
}

/* ---- from the client ---- */

static void check(struct span text, enum pusher_type type, struct span channel,
		  const char *file, int line)
{
	struct span box = boxed(text);
	struct pusher_message message;

	pusher_decode(box, &message);
	/* the message owns the bytes of its spans */
	unbox(box);
	if (message.type != type) {
		print_error("'%.*s' is %d (%s)\n", (int)text.len, text.ptr,
			    (int)message.type, message.why ? message.why : "");
		_fail(file, line);
	}
	check_span(message.channel, channel, file, line);
	if ((message.type == PUSHER_INVALID) != (message.why != NULL))
		_fail(file, line);
	pusher_message_release(&message);
	assert_null(message.root);
	assert_null(message.data);
}

#define expect(literal, type, channel)                                         \
	check(SPAN(literal), type, channel, __FILE__, __LINE__)

TEST(each_client_message_is_decoded)
{
	/* pusher-js */
	expect("{\"event\":\"pusher:subscribe\",\"data\":{\"auth\":\"\","
	       "\"channel\":\"messages\"}}",
	       PUSHER_SUBSCRIBE, SPAN("messages"));
	expect("{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":"
	       "\"messages\"}}",
	       PUSHER_UNSUBSCRIBE, SPAN("messages"));
	expect("{\"event\":\"pusher:ping\",\"data\":{}}", PUSHER_PING, absent);
	expect("{\"event\":\"pusher:pong\",\"data\":{}}", PUSHER_PONG, absent);
	/* libraries that write data as a string */
	expect("{\"event\":\"pusher:subscribe\",\"data\":\"{\\\"channel\\\":"
	       "\\\"messages\\\"}\"}",
	       PUSHER_SUBSCRIBE, SPAN("messages"));
	expect("{\"event\":\"pusher:unsubscribe\",\"data\":\"{\\\"channel\\\":"
	       "\\\"m\\\"}\"}",
	       PUSHER_UNSUBSCRIBE, SPAN("m"));
	expect("{\"event\":\"pusher:ping\",\"data\":\"{}\"}", PUSHER_PING,
	       absent);
	/* any order, any blanks, no data where none is needed */
	expect(" {\t\"data\" : {\"channel\":\"m\"},\n\"event\":"
	       "\"pusher:subscribe\", \"id\":1}\r\n",
	       PUSHER_SUBSCRIBE, SPAN("m"));
	expect("{\"event\":\"pusher:ping\"}", PUSHER_PING, absent);
	expect("{\"event\":\"pusher:pong\",\"data\":[1]}", PUSHER_PONG, absent);
	expect("{\"event\":\"\\u0070usher:ping\"}", PUSHER_PING, absent);
}

TEST(a_channel_s_name_is_passed_on_as_it_is)
{
	expect("{\"event\":\"pusher:subscribe\",\"data\":{}}", PUSHER_SUBSCRIBE,
	       absent);
	expect("{\"event\":\"pusher:subscribe\",\"data\":\"{}\"}",
	       PUSHER_SUBSCRIBE, absent);
	expect("{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":1}}",
	       PUSHER_SUBSCRIBE, absent);
	expect("{\"event\":\"pusher:subscribe\",\"channel\":\"m\","
	       "\"data\":{\"channel\":null}}",
	       PUSHER_SUBSCRIBE, absent);
	expect("{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"\"}}",
	       PUSHER_SUBSCRIBE, SPAN(""));
	expect("{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":"
	       "\"*\\r\\nPING \\ud83d\\ude00\"}}",
	       PUSHER_SUBSCRIBE, SPAN("*\r\nPING \xf0\x9f\x98\x80"));
}

static void expect_client_event(const char *rest, const char *event,
				const char *data)
{
	struct pusher_message message;
	struct buf buf = BUF_INIT;

	buf_addf(&buf, "{\"event\":\"client-x\",\"channel\":\"private-a\"%s}",
		 rest);
	pusher_decode(buf_span(&buf), &message);
	assert_int_equal(message.type, PUSHER_CLIENT_EVENT);
	assert_span(message.channel, SPAN("private-a"));
	assert_span(message.event, span_str(event));
	assert_span(message.event_data, span_str(data));
	pusher_message_release(&message);
	buf_release(&buf);
}

TEST(the_data_of_a_client_event_is_text_or_its_json)
{
	expect_client_event(",\"data\":\"a\\u00e9\\n\"", "client-x",
			    "a\xc3\xa9\n");
	expect_client_event(",\"data\" : {\"a\": [1.0, \"\\n\"] }\n",
			    "client-x", "{\"a\": [1.0, \"\\n\"] }");
	expect_client_event(",\"data\":7", "client-x", "7");
	expect_client_event(",\"data\":null", "client-x", "null");
	expect_client_event(",\"data\":\"\"", "client-x", "");
	expect_client_event("", "client-x", "null");
}

TEST(a_client_event_is_passed_on_with_these_bytes)
{
	struct buf buf = BUF_INIT;

	pusher_add_client_event(&buf, SPAN("client-\"x\""), SPAN("private-a"),
				SPAN("{\"a\":1}"), NULL);
	assert_buf(&buf, "{\"event\":\"client-\\\"x\\\"\",\"channel\":"
			 "\"private-a\",\"data\":\"{\\\"a\\\":1}\"}");
	pusher_add_client_event(&buf, SPAN("client-x"), SPAN("presence-a"),
				SPAN("1"), "A\"da");
	assert_true(pusher_is_client_event(buf_span(&buf)));
	assert_buf(&buf, "{\"event\":\"client-x\",\"channel\":\"presence-a\","
			 "\"data\":\"1\",\"user_id\":\"A\\\"da\"}");
	assert_false(pusher_is_client_event(
		SPAN("{\"event\":\"e\",\"data\":\"client-x\"}")));
	buf_release(&buf);
}

TEST(a_subscribe_keeps_the_signed_bytes)
{
	struct span text = SPAN(
		"{\"event\":\"pusher:subscribe\",\"data\":{\"auth\":\"k:s\","
		"\"channel_data\":\"{\\\"user_id\\\": 10 }\","
		"\"channel\":\"presence-b\"}}");
	struct pusher_message message;

	pusher_decode(text, &message);
	assert_span(message.auth, SPAN("k:s"));
	assert_span(message.channel_data, SPAN("{\"user_id\": 10 }"));
	pusher_message_release(&message);
	pusher_decode(SPAN("{\"event\":\"pusher:subscribe\",\"data\":"
			   "{\"auth\":1,\"channel_data\":{}}}"),
		      &message);
	assert_null(message.auth.ptr);
	assert_null(message.channel_data.ptr);
	pusher_message_release(&message);
}

TEST(a_signin_keeps_the_signed_bytes)
{
	struct pusher_message message;

	pusher_decode(SPAN("{\"event\":\"pusher:signin\",\"data\":{\"auth\":"
			   "\"k:s\",\"user_data\":\"{\\\"id\\\": \\\"1\\\"}"
			   "\"}}"),
		      &message);
	assert_int_equal(message.type, PUSHER_SIGNIN);
	assert_span(message.auth, SPAN("k:s"));
	assert_span(message.user_data, SPAN("{\"id\": \"1\"}"));
	pusher_message_release(&message);
	pusher_decode(SPAN("{\"event\":\"pusher:signin\",\"data\":\"{}\"}"),
		      &message);
	assert_int_equal(message.type, PUSHER_SIGNIN);
	assert_null(message.auth.ptr);
	assert_null(message.user_data.ptr);
	pusher_message_release(&message);
}

TEST(client_events_are_distinguished_from_unknown_events)
{
	expect("{\"event\":\"client-x\",\"data\":{\"a\":1},\"channel\":"
	       "\"private-a\"}",
	       PUSHER_CLIENT_EVENT, SPAN("private-a"));
	expect("{\"event\":\"client-\"}", PUSHER_CLIENT_EVENT, absent);
	expect("{\"event\":\"client-x\",\"channel\":[]}", PUSHER_CLIENT_EVENT,
	       absent);
	expect("{\"event\":\"Client-x\"}", PUSHER_INVALID, absent);
	expect("{\"event\":\"client\"}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:subscribe \",\"data\":{\"channel\":\"m\"}}",
	       PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:Subscribe\",\"data\":{\"channel\":\"m\"}}",
	       PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher_internal:subscription_succeeded\"}",
	       PUSHER_INVALID, absent);
	expect("{\"event\":\"\"}", PUSHER_INVALID, absent);
}

TEST(a_malformed_message_is_invalid)
{
	expect("", PUSHER_INVALID, absent);
	expect("ping", PUSHER_INVALID, absent);
	expect("[]", PUSHER_INVALID, absent);
	expect("\"pusher:ping\"", PUSHER_INVALID, absent);
	expect("{}", PUSHER_INVALID, absent);
	expect("{\"event\":null}", PUSHER_INVALID, absent);
	expect("{\"event\":[\"pusher:ping\"]}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:ping\"}{}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:ping\"}\0", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:ping\",}", PUSHER_INVALID, absent);
	expect("{'event':'pusher:ping'}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:ping\",\"event\":\"pusher:pong\"}",
	       PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:ping\",\"data\":[[[[[[[["
	       "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	       PUSHER_INVALID, absent);
}

TEST(data_must_be_an_object_where_it_is_needed)
{
	static const char *const bad[] = {
		"1",
		"null",
		"[]",
		"true",
		"\"\"",
		"\"m\"",
		"\"[]\"",
		"\"{\"",
		"\"{} {}\"",
		"\"1\"",
		"\"\\\"{}\\\"\"",
		"\"{\\\"channel\\\":\\\"a\\\",\\\"channel\\\":\\\"b\\\"}\"",
	};
	struct buf buf = BUF_INIT;
	size_t i;

	expect("{\"event\":\"pusher:subscribe\"}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:unsubscribe\"}", PUSHER_INVALID, absent);
	expect("{\"event\":\"pusher:signin\",\"data\":[]}", PUSHER_INVALID,
	       absent);
	for (i = 0; i < COUNT(bad); i++) {
		buf_clear(&buf);
		buf_addf(&buf, "{\"event\":\"pusher:subscribe\",\"data\":%s}",
			 bad[i]);
		check(buf_span(&buf), PUSHER_INVALID, absent, __FILE__,
		      __LINE__);
	}
	buf_release(&buf);
}

/* ---- connecting ---- */

static void check_target(const char *target, const char *key,
			 const char *protocol, int line)
{
	struct span box = boxed(span_str(target)), got_key, got_protocol;
	int result = pusher_parse_target(box, &got_key, &got_protocol);

	if (result != (key != NULL ? 0 : -1)) {
		print_error("'%s' gave %d\n", target, result);
		_fail(__FILE__, line);
	}
	if (key != NULL) {
		check_span(got_key, span_str(key), __FILE__, line);
		check_span(got_protocol, span_str(protocol), __FILE__, line);
	}
	unbox(box);
}

#define expect_target(target, key, protocol)                                   \
	check_target(target, key, protocol, __LINE__)

TEST(the_key_and_the_protocol_are_read_from_the_target)
{
	expect_target("/app/k?protocol=7&client=js&version=8.6.0&flash=false",
		      "k", "7");
	expect_target("/app/pushlog-dev?client=x&protocol=5", "pushlog-dev",
		      "5");
	expect_target("/app/k", "k", NULL);
	expect_target("/app/k?", "k", NULL);
	expect_target("/app/k?&&", "k", NULL);
	expect_target("/app/k?protocol", "k", NULL);
	expect_target("/app/k?protocol=", "k", "");
	expect_target("/app/k?xprotocol=7", "k", NULL);
	expect_target("/app/k?protocols=7", "k", NULL);
	expect_target("/app/k?Protocol=7", "k", NULL);
	expect_target("/app/k?x=protocol=7", "k", NULL);
	expect_target("/app/k?protocol=7&protocol=4", "k", "7");
	expect_target("/app/k?a=1&protocol=%37&b", "k", "%37");
	expect_target("/app/k?x=/&protocol=7", "k", "7");
	expect_target("/app/k?protocol=7?", "k", "7?");
}

TEST(another_path_is_no_target)
{
	expect_target("/", NULL, NULL);
	expect_target("/app", NULL, NULL);
	expect_target("/app/", NULL, NULL);
	expect_target("/app/?protocol=7", NULL, NULL);
	expect_target("/app?protocol=7", NULL, NULL);
	expect_target("/App/k", NULL, NULL);
	expect_target("//app/k", NULL, NULL);
	expect_target("/app//k", NULL, NULL);
	expect_target("/app/k/", NULL, NULL);
	expect_target("/app/k/x?protocol=7", NULL, NULL);
	expect_target("/apps/k", NULL, NULL);
}

static uint16_t protocol_code(const char *protocol)
{
	enum pusher_cause cause = pusher_check_protocol(span_str(protocol));

	return cause == PUSHER_CAUSE_PEER ? 0 : pusher_causes[cause].code;
}

TEST(protocols_5_to_7_are_accepted)
{
	assert_int_equal(protocol_code("5"), 0);
	assert_int_equal(protocol_code("6"), 0);
	assert_int_equal(protocol_code("7"), 0);
	assert_int_equal(protocol_code("4"), 4007);
	assert_int_equal(protocol_code("8"), 4007);
	assert_int_equal(protocol_code("0"), 4007);
	assert_int_equal(protocol_code("-7"), 4007);
	assert_int_equal(protocol_code("77"), 4007);
	assert_int_equal(protocol_code("x"), 4006);
	assert_int_equal(protocol_code("7.0"), 4006);
	assert_int_equal(protocol_code("7 "), 4006);
	assert_int_equal(protocol_code("%37"), 4006);
	assert_int_equal(protocol_code("99999999999999999999"), 4006);
	assert_int_equal(protocol_code(""), 4008);
	assert_int_equal(protocol_code(NULL), 4008);
}

/* ---- causes ---- */

TEST(causes_close_with_the_codes_of_the_protocol)
{
	static const struct {
		enum pusher_cause cause;
		int code;
	} codes[] = {
		{ PUSHER_CAUSE_PEER, 1000 },
		{ PUSHER_CAUSE_BAD_HANDSHAKE, 0 },
		{ PUSHER_CAUSE_HANDSHAKE_TIMEOUT, 0 },
		{ PUSHER_CAUSE_BAD_FRAME, 1002 },
		{ PUSHER_CAUSE_BINARY, 1003 },
		{ PUSHER_CAUSE_BAD_UTF8, 1007 },
		{ PUSHER_CAUSE_TOO_LARGE, 1009 },
		{ PUSHER_CAUSE_APP_UNKNOWN, 4001 },
		{ PUSHER_CAUSE_APP_DISABLED, 4003 },
		{ PUSHER_CAUSE_OVER_QUOTA, 4004 },
		{ PUSHER_CAUSE_VERSION_BAD, 4006 },
		{ PUSHER_CAUSE_VERSION_UNSUPPORTED, 4007 },
		{ PUSHER_CAUSE_VERSION_MISSING, 4008 },
		{ PUSHER_CAUSE_UNAUTHORIZED, 4009 },
		{ PUSHER_CAUSE_SLOW, 4100 },
		{ PUSHER_CAUSE_LOG_AWAY, 4100 },
		{ PUSHER_CAUSE_DRAIN, 4200 },
		{ PUSHER_CAUSE_ORPHANED, 4100 },
		{ PUSHER_CAUSE_EPOCH, 4200 },
		{ PUSHER_CAUSE_TRIMMED, 4200 },
		{ PUSHER_CAUSE_PONG_MISSING, 4201 },
		{ PUSHER_CAUSE_TERMINATED, 4009 },
		{ PUSHER_CAUSE_IDLE, 4202 },
	};
	size_t i, j;

	assert_int_equal(COUNT(codes), PUSHER_CAUSES);
	for (i = 0; i < COUNT(codes); i++) {
		enum pusher_cause cause = codes[i].cause;

		assert_int_equal(pusher_causes[cause].code, codes[i].code);
		assert_int_equal(pusher_causes[cause].index, cause);
		/* the maximum of a Close frame */
		assert_true(strlen(pusher_causes[cause].reason) <= 123);
		for (j = 0; j < i; j++)
			assert_string_not_equal(
				pusher_causes[cause].name,
				pusher_causes[codes[j].cause].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_events_have_these_bytes),
		cmocka_unit_test(member_events_have_these_bytes),
		cmocka_unit_test(watchlist_events_name_the_users),
		cmocka_unit_test(errors_have_these_bytes),
		cmocka_unit_test(each_client_message_is_decoded),
		cmocka_unit_test(a_channel_s_name_is_passed_on_as_it_is),
		cmocka_unit_test(
			the_data_of_a_client_event_is_text_or_its_json),
		cmocka_unit_test(a_client_event_is_passed_on_with_these_bytes),
		cmocka_unit_test(a_subscribe_keeps_the_signed_bytes),
		cmocka_unit_test(a_signin_keeps_the_signed_bytes),
		cmocka_unit_test(
			client_events_are_distinguished_from_unknown_events),
		cmocka_unit_test(a_malformed_message_is_invalid),
		cmocka_unit_test(data_must_be_an_object_where_it_is_needed),
		cmocka_unit_test(
			the_key_and_the_protocol_are_read_from_the_target),
		cmocka_unit_test(another_path_is_no_target),
		cmocka_unit_test(protocols_5_to_7_are_accepted),
		cmocka_unit_test(causes_close_with_the_codes_of_the_protocol),
	};

	return cmocka_run_group_tests_name("pusher", tests, NULL, NULL);
}
