/* SPDX-License-Identifier: MIT
 *
 * relay/frame: the bytes of a frame and the reference counts. ws_wslay.c shows
 * that another implementation can read the frames.
 */
#include "relay/protocol/frame.h"

#include "tests/unit/unit.h"

static void expect_frame(struct frame *frame, struct span want)
{
	assert_int_equal(frame->refs, 1);
	assert_span(span_of(frame->data, frame->len), want);
	frame_unref(frame);
}

TEST(a_frame_has_a_header_and_its_payload)
{
	expect_frame(frame_new(WS_OP_TEXT, SPAN("hi")), SPAN("\x81\x02hi"));
	expect_frame(frame_new_secret(SPAN("hi")), SPAN("\x81\x02hi"));
	expect_frame(frame_new(WS_OP_PING, SPAN("")), SPAN("\x89\x00"));
	expect_frame(frame_new(WS_OP_PONG, span_of(NULL, 0)), SPAN("\x8a\x00"));
	expect_frame(frame_new(WS_OP_PONG, SPAN("\0\xff")),
		     SPAN("\x8a\x02\0\xff"));
}

TEST(a_long_payload_has_a_long_header)
{
	static char text[70000];
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN(text));

	assert_int_equal(frame->len, 10 + sizeof(text) - 1);
	assert_memory_equal(frame->data, "\x81\x7f\0\0\0\0\0\x01\x11\x6f", 10);
	assert_memory_equal(frame->data + 10, text, sizeof(text) - 1);
	frame_unref(frame);
}

TEST(a_close_has_its_code_and_reason)
{
	static char longest[124], want[127] = "\x88\x7d\x03\xe8";

	expect_frame(frame_new_close(4200, "Server restarting"),
		     SPAN("\x88\x13\x10\x68Server restarting"));
	expect_frame(frame_new_close(1000, ""), SPAN("\x88\x02\x03\xe8"));
	memset(longest, 'r', 123);
	memset(want + 4, 'r', 123);
	expect_frame(frame_new_close(1000, longest), span_of(want, 127));
}

TEST(a_packed_message_has_rsv1_set)
{
	expect_frame(frame_new_packed(SPAN("\xf2H")), SPAN("\xc1\x02\xf2H"));
}

static void expect_text(struct frame *frame, struct span want)
{
	assert_span(frame_text(frame), want);
	frame_unref(frame);
}

TEST(only_an_uncompressed_text_message_has_a_text)
{
	static char text[70000];

	expect_text(frame_new(WS_OP_TEXT, SPAN("hi")), SPAN("hi"));
	expect_text(frame_new(WS_OP_TEXT, span_of(text, 125)),
		    span_of(text, 125));
	expect_text(frame_new(WS_OP_TEXT, span_of(text, 126)),
		    span_of(text, 126));
	expect_text(frame_new(WS_OP_TEXT, SPAN(text)), SPAN(text));
	expect_text(frame_new(WS_OP_PONG, SPAN("hi")), span_of(NULL, 0));
	expect_text(frame_new_close(1000, "hi"), span_of(NULL, 0));
	expect_text(frame_new_packed(SPAN("hi")), span_of(NULL, 0));
	expect_text(frame_new_raw(SPAN("HTTP/1.1")), span_of(NULL, 0));
	expect_text(frame_new_raw(SPAN("")), span_of(NULL, 0));
}

TEST(raw_bytes_get_no_header)
{
	expect_frame(frame_new_raw(SPAN("HTTP/1.1 101\r\n\0")),
		     SPAN("HTTP/1.1 101\r\n\0"));
	expect_frame(frame_new_raw(SPAN("")), SPAN(""));
}

/* The address sanitizer checks that it is freed neither early nor late. */
TEST(a_frame_lives_as_long_as_its_references)
{
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN("shared"));
	int i;

	for (i = 0; i < 1000; i++)
		assert_ptr_equal(frame_ref(frame), frame);
	assert_int_equal(frame->refs, 1001);
	for (i = 0; i < 1000; i++)
		frame_unref(frame);
	assert_span(span_of(frame->data, frame->len), SPAN("\x81\x06shared"));
	frame_unref(frame);
}

static void close_with_too_much(void)
{
	char reason[125];

	memset(reason, 'r', 124);
	reason[124] = '\0';
	frame_unref(frame_new_close(1000, reason));
}

TEST(a_close_reason_that_is_too_long_aborts)
{
	char said[4096];

	assert_int_not_equal(run_child(close_with_too_much, said, sizeof(said)),
			     0);
	assert_non_null(strstr(said, "CLOSE_REASON_MAX"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_has_a_header_and_its_payload),
		cmocka_unit_test(a_long_payload_has_a_long_header),
		cmocka_unit_test(a_close_has_its_code_and_reason),
		cmocka_unit_test(a_packed_message_has_rsv1_set),
		cmocka_unit_test(only_an_uncompressed_text_message_has_a_text),
		cmocka_unit_test(raw_bytes_get_no_header),
		cmocka_unit_test(a_frame_lives_as_long_as_its_references),
		cmocka_unit_test(a_close_reason_that_is_too_long_aborts),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
