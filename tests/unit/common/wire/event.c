/* SPDX-License-Identifier: MIT
 *
 * common/wire/event: the golden test. The publisher and heal encode with the
 * same function, so every subscriber gets these bytes. A change here is a
 * change of the protocol.
 */
#include "common/wire/event.h"

#include "common/base/json.h"
#include "tests/unit/unit.h"

static struct event chat(struct span name, struct span text)
{
	return (struct event){
		.channel = SPAN("messages"),
		.id = 1,
		.time_ms = 1795453367656,
		.event = SPAN(EVENT_NEW_MESSAGE),
		.name = name,
		.text = text,
	};
}

TEST(a_chat_message_has_these_bytes)
{
	struct buf buf = BUF_INIT;
	struct event event = chat(SPAN("Ada"), SPAN("hello"));

	event_add_message(&buf, &event);
	assert_buf(&buf, "{\"id\":1,\"name\":\"Ada\",\"text\":\"hello\","
			 "\"time\":1795453367656}");
	event_encode(&buf, &event);
	assert_buf(&buf,
		   "{\"event\":\"new_message\",\"channel\":\"messages\","
		   "\"data\":\"{\\\"id\\\":1,\\\"name\\\":\\\"Ada\\\","
		   "\\\"text\\\":\\\"hello\\\",\\\"time\\\":1795453367656}\","
		   "\"id\":1}");
	buf_release(&buf);
}

TEST(each_level_escapes_once)
{
	struct buf buf = BUF_INIT;
	/* as stored: the five special characters of HTML are entities */
	struct event event = chat(SPAN("&lt;b&gt; \\ /"),
				  SPAN("\t\n\x01&quot;\"\xc3\xa9\x7f"));

	event_add_message(&buf, &event);
	assert_buf(&buf, "{\"id\":1,\"name\":\"&lt;b&gt; \\\\ /\",\"text\":\""
			 "\\t\\n\\u0001&quot;\\\"\xc3\xa9\x7f\","
			 "\"time\":1795453367656}");
	event_encode(&buf, &event);
	assert_buf(&buf,
		   "{\"event\":\"new_message\",\"channel\":\"messages\","
		   "\"data\":\"{\\\"id\\\":1,\\\"name\\\":\\\"&lt;b&gt; "
		   "\\\\\\\\ /\\\",\\\"text\\\":\\\"\\\\t\\\\n\\\\u0001&quot;"
		   "\\\\\\\"\xc3\xa9\x7f\\\",\\\"time\\\":1795453367656}\","
		   "\"id\":1}");
	buf_release(&buf);
}

TEST(an_empty_message_has_empty_strings)
{
	struct buf buf = BUF_INIT;
	struct event event = chat(SPAN(""), SPAN(""));

	event_add_message(&buf, &event);
	assert_buf(&buf, "{\"id\":1,\"name\":\"\",\"text\":\"\","
			 "\"time\":1795453367656}");
	buf_release(&buf);
}

TEST(an_event_with_data_carries_it_as_a_string)
{
	struct buf buf = BUF_INIT;
	struct event event = {
		.channel = SPAN("room-1"),
		.id = INT64_MAX,
		.time_ms = 5,
		.event = SPAN("my \"event\""),
		.data = SPAN("{\"a\":[1,\"\\n\"]}"),
		.exclude = SPAN("1.2"),
	};

	event_encode(&buf, &event);
	assert_buf(&buf, "{\"event\":\"my \\\"event\\\"\","
			 "\"channel\":\"room-1\","
			 "\"data\":\"{\\\"a\\\":[1,\\\"\\\\n\\\"]}\","
			 "\"id\":9223372036854775807}");
	event.data = SPAN("plain");
	event.id = 7;
	event_encode(&buf, &event);
	assert_buf(&buf, "{\"event\":\"my \\\"event\\\"\","
			 "\"channel\":\"room-1\",\"data\":\"plain\",\"id\":7}");
	event.data = SPAN("");
	event_encode(&buf, &event);
	assert_buf(&buf, "{\"event\":\"my \\\"event\\\"\","
			 "\"channel\":\"room-1\",\"data\":\"\",\"id\":7}");
	buf_release(&buf);
}

TEST(an_event_that_is_not_in_the_log_has_no_id)
{
	struct buf buf = BUF_INIT;
	struct event event = {
		.channel = SPAN("c"),
		.event = SPAN("e"),
		.data = SPAN("{}"),
	};

	event_encode(&buf, &event);
	assert_buf(&buf, "{\"event\":\"e\",\"channel\":\"c\",\"data\":\"{}\"}");
	buf_release(&buf);
}

TEST(the_id_is_found_in_an_encoded_event)
{
	struct buf buf = BUF_INIT;
	struct event event = {
		.channel = SPAN("c"),
		.event = SPAN("e"),
		.data = SPAN("{\"id\":7}"),
	};

	event_encode(&buf, &event);
	assert_int_equal(event_encoded_id(buf_span(&buf)), 0);
	buf_clear(&buf);
	event.data = SPAN("7");
	event_encode(&buf, &event);
	assert_int_equal(event_encoded_id(buf_span(&buf)), 0);
	buf_clear(&buf);
	event.id = INT64_MAX;
	event_encode(&buf, &event);
	assert_int_equal(event_encoded_id(buf_span(&buf)), INT64_MAX);
	assert_int_equal(event_encoded_id(SPAN("")), 0);
	assert_int_equal(event_encoded_id(SPAN(":")), 0);
	assert_int_equal(event_encoded_id(SPAN("}")), 0);
	buf_release(&buf);
}

TEST(encoding_appends_to_the_buffer)
{
	struct buf buf = BUF_INIT;
	struct event event = chat(SPAN("a"), SPAN("b"));

	buf_add_str(&buf, "before");
	event_add_message(&buf, &event);
	assert_buf(&buf, "before{\"id\":1,\"name\":\"a\",\"text\":\"b\","
			 "\"time\":1795453367656}");
	buf_release(&buf);
}

TEST(another_parser_reads_the_event_and_the_message_in_it)
{
	struct span name = SPAN("\x01\"\\\xf0\x9f\x98\x80"),
		    text = SPAN("line\nline\r\t&amp;</script>\xe2\x80\xa8");
	struct event event = chat(name, text);
	struct json_object *outer, *inner;
	struct buf buf = BUF_INIT;
	const char *why;

	event_encode(&buf, &event);
	assert_int_equal(json_parse_object(buf_span(&buf), &outer, &why), 0);
	assert_span(json_get_string(outer, "event"), SPAN("new_message"));
	assert_int_equal(
		json_parse_object(json_get_string(outer, "data"), &inner, &why),
		0);
	assert_span(json_get_string(inner, "name"), name);
	assert_span(json_get_string(inner, "text"), text);
	json_object_put(inner);
	json_object_put(outer);
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chat_message_has_these_bytes),
		cmocka_unit_test(each_level_escapes_once),
		cmocka_unit_test(an_empty_message_has_empty_strings),
		cmocka_unit_test(an_event_with_data_carries_it_as_a_string),
		cmocka_unit_test(an_event_that_is_not_in_the_log_has_no_id),
		cmocka_unit_test(the_id_is_found_in_an_encoded_event),
		cmocka_unit_test(encoding_appends_to_the_buffer),
		cmocka_unit_test(
			another_parser_reads_the_event_and_the_message_in_it),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
