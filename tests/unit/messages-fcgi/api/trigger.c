/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/trigger: bodies that are events, and the errors for others.
 */
#include "messages-fcgi/api/trigger.h"

#include "tests/unit/unit.h"

static const struct app app = { .event_max_bytes = 20 };

static void take(struct trigger *trigger, const char *body, bool is_batch)
{
	struct api_error error = { .status = 0 };
	int result = (is_batch ? trigger_init_batch : trigger_init_event)(
		trigger, span_str(body), &app, &error);

	if (result == -1)
		fail_msg("%.*s", (int)error.text.len, error.text.data);
}

static void refuse(const char *body, bool is_batch, int status,
		   const char *want)
{
	struct api_error error = { .status = 0 };
	struct trigger trigger;
	struct span box = boxed(span_str(body));

	assert_int_equal((is_batch ? trigger_init_batch : trigger_init_event)(
				 &trigger, box, &app, &error),
			 -1);
	assert_span(buf_span(&error.text), span_str(want));
	assert_int_equal(error.status, status);
	trigger_release(&trigger);
	api_error_release(&error);
	unbox(box);
}

static void refuse_event(const char *body, const char *want)
{
	refuse(body, false, 400, want);
}

static void refuse_batch(const char *body, const char *want)
{
	refuse(body, true, 400, want);
}

/* An event with this many channels. */
static char *distinct(const char *before, size_t count, const char *after)
{
	struct buf buf = BUF_INIT;
	size_t i;

	buf_add_str(&buf, before);
	for (i = 0; i < count; i++)
		buf_addf(&buf, "%s\"c%zu\"", i > 0 ? "," : "", i);
	buf_add_str(&buf, after);
	buf_add_char(&buf, '\0');
	return buf.data;
}

/* before, item repeated count times with commas, after. */
static char *many(const char *before, const char *item, size_t count,
		  const char *after)
{
	struct buf buf = BUF_INIT;
	size_t i;

	buf_add_str(&buf, before);
	for (i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(&buf, ',');
		buf_add_str(&buf, item);
	}
	buf_add_str(&buf, after);
	buf_add_char(&buf, '\0');
	return buf.data;
}

TEST(an_event_has_a_name_a_channel_and_data)
{
	struct trigger trigger;

	take(&trigger, "{\"name\":\"n\",\"channel\":\"c\",\"data\":\"{}\"}",
	     false);
	assert_int_equal(trigger.count, 1);
	assert_span(trigger.events[0].channel, SPAN("c"));
	assert_span(trigger.events[0].name, SPAN("n"));
	assert_span(trigger.events[0].data, SPAN("{}"));
	assert_null(trigger.events[0].socket_id.ptr);
	assert_false(trigger.wants_info);
	trigger_release(&trigger);
}

TEST(an_event_may_go_to_many_channels_and_leave_one_socket_out)
{
	struct trigger trigger;

	take(&trigger,
	     "{\"name\":\"n\",\"channels\":[\"a\",\"private-b\"],"
	     "\"data\":\"\",\"socket_id\":\"1.2\",\"info\":\"user_count\","
	     "\"more\":1}",
	     false);
	assert_int_equal(trigger.count, 2);
	assert_span(trigger.events[0].channel, SPAN("a"));
	assert_span(trigger.events[1].channel, SPAN("private-b"));
	assert_span(trigger.events[1].data, SPAN(""));
	assert_span(trigger.events[1].socket_id, SPAN("1.2"));
	assert_true(trigger.wants_info);
	trigger_release(&trigger);
}

TEST(a_batch_has_events_with_a_channel_each)
{
	struct trigger trigger;

	take(&trigger,
	     "{\"batch\":[{\"channel\":\"a\",\"name\":\"x\",\"data\":\"1\"},"
	     "{\"channel\":\"b\",\"name\":\"y\",\"data\":\"2\","
	     "\"socket_id\":null}]}",
	     true);
	assert_int_equal(trigger.count, 2);
	assert_span(trigger.events[1].channel, SPAN("b"));
	assert_span(trigger.events[1].name, SPAN("y"));
	assert_span(trigger.events[0].data, SPAN("1"));
	trigger_release(&trigger);
	take(&trigger, "{\"batch\":[]}", true);
	assert_int_equal(trigger.count, 0);
	trigger_release(&trigger);
}

TEST(the_error_names_a_missing_or_malformed_member)
{
	refuse_event("", "The body does not parse as JSON: "
			 "empty");
	refuse_event("{\"channel\":\"c\",\"data\":\"\"}",
		     "Expected name parameter to be a string");
	refuse_event("{\"name\":1,\"channel\":\"c\",\"data\":\"\"}",
		     "Expected name parameter to be a string");
	refuse_event("{\"name\":\"n\",\"channel\":\"c\"}",
		     "Expected data parameter to be a string");
	refuse_event("{\"name\":\"n\",\"channel\":\"c\",\"data\":{}}",
		     "Expected data parameter to be a string");
	refuse_event("{\"name\":\"n\",\"data\":\"\"}",
		     "Expected channel parameter to be a string");
	refuse_event("{\"name\":\"n\",\"data\":\"\",\"channels\":\"c\"}",
		     "Expected channels parameter to be an array");
	refuse_event("{\"name\":\"n\",\"data\":\"\",\"channels\":[\"a\",1]}",
		     "Expected channels[1] to be a string");
	refuse_event("{\"name\":\"n\",\"data\":\"\",\"channels\":[\"a\"],"
		     "\"channel\":\"b\"}",
		     "Both channel and channels are given");
	refuse_event("{\"name\":\"\",\"data\":\"\",\"channel\":\"b\"}",
		     "The event name is empty");
	refuse_batch("{}", "Expected batch to be an array of events");
	refuse_batch("{\"batch\":[1]}",
		     "Expected batch to be an array of events");
	refuse_batch("{\"batch\":[{\"name\":\"n\",\"data\":\"\"}]}",
		     "Expected channel parameter to be a string");
}

TEST(data_has_a_limit)
{
	struct trigger trigger;

	take(&trigger,
	     "{\"name\":\"n\",\"channel\":\"c\","
	     "\"data\":\"01234567890123456789\"}",
	     false);
	trigger_release(&trigger);
	refuse("{\"name\":\"n\",\"channel\":\"c\","
	       "\"data\":\"012345678901234567890\"}",
	       false, 413,
	       "The data content of this event exceeds the allowed maximum "
	       "(20 bytes).");
	refuse("{\"batch\":[{\"name\":\"n\",\"channel\":\"c\","
	       "\"data\":\"012345678901234567890\"}]}",
	       true, 413,
	       "The data content of this event exceeds the allowed maximum "
	       "(20 bytes).");
}

TEST(an_event_goes_once_to_each_channel)
{
	struct trigger trigger;

	take(&trigger,
	     "{\"name\":\"n\",\"data\":\"\","
	     "\"channels\":[\"b\",\"a\",\"b\",\"ab\",\"a\"]}",
	     false);
	assert_int_equal(trigger.count, 3);
	assert_span(trigger.events[0].channel, SPAN("b"));
	assert_span(trigger.events[1].channel, SPAN("a"));
	assert_span(trigger.events[2].channel, SPAN("ab"));
	trigger_release(&trigger);
}

TEST(an_event_goes_to_up_to_100_channels)
{
	static const char before[] =
		"{\"name\":\"n\",\"data\":\"\",\"channels\":[";
	char *good = distinct(before, 100, "]}");
	char *bad = many(before, "\"c\"", 101, "]}");
	char *none = many(before, "\"c\"", 0, "]}");
	struct trigger trigger;

	take(&trigger, good, false);
	assert_int_equal(trigger.count, 100);
	trigger_release(&trigger);
	refuse_event(bad, "An event goes to 1 to 100 channels, not 101");
	refuse_event(none, "An event goes to 1 to 100 channels, not 0");
	free(good);
	free(bad);
	free(none);
}

TEST(a_batch_has_up_to_10_events)
{
	static const char item[] =
		"{\"name\":\"n\",\"channel\":\"c\",\"data\":\"\"}";
	char *good = many("{\"batch\":[", item, 10, "]}");
	char *bad = many("{\"batch\":[", item, 11, "]}");
	struct trigger trigger;

	take(&trigger, good, true);
	assert_int_equal(trigger.count, 10);
	trigger_release(&trigger);
	refuse_batch(bad, "A batch has at most 10 events, not 11");
	free(good);
	free(bad);
}

TEST(a_name_has_up_to_200_characters_of_any_length)
{
	char *good = many("{\"channel\":\"c\",\"data\":\"\",\"name\":\"",
			  "\xc3\xa9", 100, "\"}"); /* and 99 commas */
	char *bad = many("{\"channel\":\"c\",\"data\":\"\",\"name\":\"",
			 "\xc3\xa9", 101, "\"}");
	struct trigger trigger;

	take(&trigger, good, false);
	trigger_release(&trigger);
	refuse_event(bad, "The event name is longer than 200 characters");
	free(good);
	free(bad);
}

static void refuse_channel(const char *json)
{
	struct buf body = BUF_INIT, want = BUF_INIT;

	buf_addf(&body, "{\"name\":\"n\",\"data\":\"\",\"channel\":%s}", json);
	buf_add_char(&body, '\0');
	buf_addf(&want, "Invalid channel name: %s", json);
	buf_add_char(&want, '\0');
	refuse_event(body.data, want.data);
	buf_release(&body);
	buf_release(&want);
}

TEST(a_channel_s_name_is_valid_or_a_user_s)
{
	struct trigger trigger;

	take(&trigger,
	     "{\"name\":\"n\",\"data\":\"\","
	     "\"channel\":\"#server-to-user-a|b\"}",
	     false);
	trigger_release(&trigger);
	refuse_channel("\"\"");
	refuse_channel("\"a b\"");
	refuse_channel("\"a\\r\\nb\"");
	refuse_channel("\"a:b\"");
	refuse_channel("\"a*\"");
	refuse_channel("\"#other\"");
	refuse_channel("\"#server-to-user-\"");
	refuse_channel("\"#server-to-user-a\\nb\"");
}

TEST(a_socket_id_is_one)
{
	refuse_event("{\"name\":\"n\",\"channel\":\"c\",\"data\":\"\","
		     "\"socket_id\":\"1.2\\n\"}",
		     "Invalid socket_id");
	refuse_event("{\"name\":\"n\",\"channel\":\"c\",\"data\":\"\","
		     "\"socket_id\":12}",
		     "Expected socket_id parameter to be a string");
	refuse_event("{\"name\":\"n\",\"channel\":\"c\",\"data\":\"\","
		     "\"socket_id\":\"\"}",
		     "Invalid socket_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_a_name_a_channel_and_data),
		cmocka_unit_test(
			an_event_may_go_to_many_channels_and_leave_one_socket_out),
		cmocka_unit_test(a_batch_has_events_with_a_channel_each),
		cmocka_unit_test(the_error_names_a_missing_or_malformed_member),
		cmocka_unit_test(data_has_a_limit),
		cmocka_unit_test(an_event_goes_once_to_each_channel),
		cmocka_unit_test(an_event_goes_to_up_to_100_channels),
		cmocka_unit_test(a_batch_has_up_to_10_events),
		cmocka_unit_test(a_name_has_up_to_200_characters_of_any_length),
		cmocka_unit_test(a_channel_s_name_is_valid_or_a_user_s),
		cmocka_unit_test(a_socket_id_is_one),
	};

	return cmocka_run_group_tests_name("trigger", tests, NULL, NULL);
}
