/* SPDX-License-Identifier: MIT
 *
 * common/wire/envelope: the exact bytes between the two programs, and malformed
 * payloads.
 */
#include "common/wire/envelope.h"

#include "tests/unit/unit.h"

static const struct span absent = { NULL, 0 };

static enum envelope_result decode(struct span payload)
{
	struct span box = boxed(payload);
	struct envelope envelope;
	enum envelope_result result = envelope_decode(box, &envelope);

	unbox(box);
	return result;
}

TEST(a_logged_event_has_these_bytes)
{
	struct buf buf = BUF_INIT;
	struct envelope envelope = {
		.epoch = SPAN("0f3a9c"),
		.id = 42,
		.exclude = SPAN("123.456"),
		.event = SPAN("{\"event\":\"e\"}"),
	};

	envelope_encode(&buf, &envelope);
	assert_buf(&buf, "1 0f3a9c 42 123.456\n{\"event\":\"e\"}");
	envelope.exclude = absent;
	envelope.id = INT64_MAX;
	envelope_encode(&buf, &envelope);
	assert_buf(&buf, "1 0f3a9c 9223372036854775807 -\n{\"event\":\"e\"}");
	buf_release(&buf);
}

TEST(an_event_that_is_not_in_the_log_has_no_epoch)
{
	struct buf buf = BUF_INIT;
	struct envelope envelope = { .event = SPAN("{}") };

	envelope_encode(&buf, &envelope);
	assert_buf(&buf, "1 - 0 -\n{}");
	envelope.epoch = SPAN("0f3a9c");
	envelope_encode(&buf, &envelope);
	assert_buf(&buf, "1 - 0 -\n{}");
	buf_release(&buf);
}

static void expect_same(const struct envelope *envelope)
{
	struct envelope decoded;
	struct buf buf = BUF_INIT;
	struct span box;

	envelope_encode(&buf, envelope);
	box = boxed(buf_span(&buf));
	assert_int_equal(envelope_decode(box, &decoded), ENVELOPE_OK);
	assert_true(decoded.id == envelope->id);
	assert_span(decoded.epoch, envelope->epoch);
	assert_span(decoded.exclude, envelope->exclude);
	assert_span(decoded.event, envelope->event);
	unbox(box);
	buf_release(&buf);
}

TEST(an_encoded_envelope_is_decoded_to_the_same)
{
	static const struct span events[] = {
		{ "{}", 2 },   { "", 0 },
		{ "\n", 1 },   { "a\nb\n\nc 1 - 0 -\n", 15 },
		{ "a\0b", 3 },
	};
	size_t i;

	for (i = 0; i < COUNT(events); i++) {
		struct envelope e = { .event = events[i] };

		expect_same(&e);
		e.exclude = SPAN("1.2");
		expect_same(&e);
		e.epoch = SPAN("e");
		e.id = 1;
		expect_same(&e);
		e.id = INT64_MAX;
		e.exclude = absent;
		expect_same(&e);
	}
}

TEST(another_version_is_a_hint)
{
	assert_int_equal(decode(SPAN("2 e 1 -\n{}")), ENVELOPE_UNKNOWN);
	assert_int_equal(decode(SPAN("2 anything else\n")), ENVELOPE_UNKNOWN);
	assert_int_equal(decode(SPAN("0 e 1 -\n{}")), ENVELOPE_UNKNOWN);
	assert_int_equal(decode(SPAN("11 e 1 -\n{}")), ENVELOPE_UNKNOWN);
}

TEST(a_malformed_envelope_is_bad)
{
	static const char *const bad[] = {
		"",
		"\n",
		"1",
		"1\n",
		"1 \n",
		"hello",
		"{\"event\":\"e\"}",
		"{\"event\":\"e\"}\n",
		"x e 1 -\n{}",
		" 1 e 1 -\n{}",
		"1 e 1 -",
		"1 e 1\n{}",
		"1 e 1 \n{}",
		"1 e\n{}",
		"1  1 -\n{}",
		"1 e  -\n{}",
		"1 e 1 - \n{}",
		"1 e 1 - -\n{}",
		"1  e 1 -\n{}",
		"1 e -1 -\n{}",
		"1 e x -\n{}",
		"1 e 9223372036854775808 -\n{}",
		"1 e 1.0 -\n{}",
		"99999999999999999999 e 1 -\n{}",
		/* an id requires an epoch, and the reverse */
		"1 e 0 -\n{}",
		"1 - 1 -\n{}",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		if (decode(span_str(bad[i])) != ENVELOPE_BAD)
			fail_msg("'%s' is not bad", bad[i]);
	assert_int_equal(decode(absent), ENVELOPE_BAD);
}

TEST(a_payload_without_its_whole_header_is_bad)
{
	struct span whole = SPAN("1 0f3a 42 123.456\n{}");
	size_t len, header = strlen("1 0f3a 42 123.456\n");

	for (len = 0; len < whole.len; len++)
		assert_int_equal(decode(span_of(whole.ptr, len)),
				 len < header ? ENVELOPE_BAD : ENVELOPE_OK);
}

TEST(a_topic_is_prefix_app_and_channel)
{
	struct buf buf = BUF_INIT;

	envelope_add_topic(&buf, "pushlog", "1", SPAN("room-1"));
	assert_span(envelope_topic_key(buf_span(&buf), "pushlog"),
		    SPAN("1:room-1"));
	assert_buf(&buf, "pushlog:1:room-1");
	buf_release(&buf);
}

TEST(a_topic_of_another_prefix_has_no_key)
{
	static const char *const others[] = {
		"",
		"pushlog",
		"pushlog:",
		"other:1:room-1",
		"pushlog2:1:room-1",
		"pushlo:1:room-1",
		"Pushlog:1:room",
		":1:room-1",
		"xpushlog:1:room",
		"pushlog1:room",
	};
	size_t i;

	for (i = 0; i < COUNT(others); i++) {
		struct span box = boxed(span_str(others[i]));

		if (envelope_topic_key(box, "pushlog").ptr != NULL)
			fail_msg("'%s' is taken for ours", others[i]);
		unbox(box);
	}
	assert_null(envelope_topic_key(absent, "pushlog").ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_logged_event_has_these_bytes),
		cmocka_unit_test(an_event_that_is_not_in_the_log_has_no_epoch),
		cmocka_unit_test(an_encoded_envelope_is_decoded_to_the_same),
		cmocka_unit_test(another_version_is_a_hint),
		cmocka_unit_test(a_malformed_envelope_is_bad),
		cmocka_unit_test(a_payload_without_its_whole_header_is_bad),
		cmocka_unit_test(a_topic_is_prefix_app_and_channel),
		cmocka_unit_test(a_topic_of_another_prefix_has_no_key),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
