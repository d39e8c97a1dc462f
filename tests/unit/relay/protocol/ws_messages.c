/* SPDX-License-Identifier: MIT
 *
 * relay/ws, whole conversations: fragments, the frames between them, and every
 * split of the bytes.
 */
#include "relay/protocol/ws.h"

#include "tests/unit/relay/protocol/ws_feed.h"
#include "tests/unit/unit.h"

#define MAX 10000

static struct span said(const struct ws_feed *feed)
{
	return span_of(feed->said.len ? feed->said.data : "", feed->said.len);
}

/* Feeds the stream whole, byte by byte, and cut in two at every place. */
static void expect(struct span stream, size_t max, const char *want)
{
	struct ws_feed feed = { .max = max };
	size_t cut;

	for (cut = 0; cut < stream.len; cut++)
		ws_feed_add(&feed, span_of(stream.ptr + cut, 1));
	assert_span(said(&feed), span_str(want));
	ws_feed_release(&feed);
	for (cut = 0; cut <= stream.len; cut++) {
		ws_feed_add(&feed, span_of(stream.ptr, cut));
		ws_feed_add(&feed, span_of(stream.ptr + cut, stream.len - cut));
		assert_span(said(&feed), span_str(want));
		ws_feed_release(&feed);
	}
}

/* Clears the test's stream afterwards. */
static void expect_then_clear(struct buf *stream, size_t max, const char *want)
{
	expect(buf_span(stream), max, want);
	buf_release(stream);
}

TEST(a_conversation_cut_in_three_anywhere_gives_the_same_items)
{
	static const char want[] = "text hello\nping \ntext \npong between\n"
				   "ping \xff\0\xff\n"
				   "text caf\xc3\xa9\ntext \ntext after\n"
				   "close 4321\n";
	struct buf stream = BUF_INIT;
	size_t i, j;

	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN("hello"));
	add_frame(&stream, FINAL | WS_OP_PING, SPAN(""));
	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN(""));
	add_frame(&stream, WS_OP_TEXT, SPAN("ca"));
	add_frame(&stream, FINAL | WS_OP_PONG, SPAN("between"));
	add_frame(&stream, WS_OP_CONTINUATION, SPAN("f\xc3"));
	add_frame(&stream, WS_OP_CONTINUATION, SPAN(""));
	/* the bytes of a control frame need not be text */
	add_frame(&stream, FINAL | WS_OP_PING, SPAN("\xff\0\xff"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("\xa9"));
	add_frame(&stream, WS_OP_TEXT, SPAN(""));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN(""));
	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN("after"));
	add_frame(&stream, FINAL | WS_OP_CLOSE, SPAN("\x10\xe1 bye"));

	for (i = 0; i <= stream.len; i++)
		for (j = i; j <= stream.len; j++) {
			struct ws_feed feed = { .max = MAX };

			ws_feed_add(&feed, span_of(stream.data, i));
			ws_feed_add(&feed, span_of(stream.data + i, j - i));
			ws_feed_add(&feed,
				    span_of(stream.data + j, stream.len - j));
			assert_span(said(&feed), SPAN(want));
			assert_int_equal(feed.pending.len, 0);
			ws_feed_release(&feed);
		}
	buf_release(&stream);
}

TEST(a_fragmented_message_is_passed_on_only_when_complete)
{
	struct ws_feed feed = { .max = MAX };
	struct buf stream = BUF_INIT;

	add_frame(&stream, WS_OP_TEXT, SPAN("one "));
	add_frame(&stream, WS_OP_CONTINUATION, SPAN("two "));
	ws_feed_add(&feed, buf_span(&stream));
	assert_int_equal(feed.said.len, 0);
	/* the frames are consumed: a peer cannot make us keep their headers */
	assert_int_equal(feed.pending.len, 0);
	buf_clear(&stream);
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("three"));
	ws_feed_add(&feed, buf_span(&stream));
	assert_span(said(&feed), SPAN("text one two three\n"));
	ws_feed_release(&feed);
	buf_release(&stream);
}

TEST(the_memory_of_a_fragmented_message_is_freed_after_it)
{
	struct ws_feed feed = { .max = MAX };
	struct buf stream = BUF_INIT;

	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("b"));
	ws_feed_add(&feed, buf_span(&stream));
	assert_span(said(&feed), SPAN("text ab\n"));
	assert_null(feed.ws.message.data);
	ws_feed_release(&feed);
	buf_release(&stream);
}

TEST(a_control_frame_does_not_change_an_open_message)
{
	struct buf stream = BUF_INIT;

	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_PING, SPAN("p"));
	add_frame(&stream, FINAL | WS_OP_PONG, SPAN("q"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("b"));
	expect_then_clear(&stream, MAX, "ping p\npong q\ntext ab\n");
	/* and a Close ends it */
	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_CLOSE, SPAN("\x03\xe8"));
	expect_then_clear(&stream, MAX, "close 1000\n");
}

TEST(fragments_out_of_order_are_refused)
{
	struct buf stream = BUF_INIT;

	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("b"));
	expect_then_clear(&stream, MAX, "text a\nbad 1002\n");
	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN("b"));
	expect_then_clear(&stream, MAX, "bad 1002\n");
	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_BINARY, SPAN("b"));
	expect_then_clear(&stream, MAX, "bad 1002\n");
	add_frame(&stream, WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("b"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("c"));
	expect_then_clear(&stream, MAX, "text ab\nbad 1002\n");
	add_frame(&stream, WS_OP_BINARY, SPAN("a"));
	expect_then_clear(&stream, MAX, "bad 1003\n");
}

TEST(items_before_a_fault_are_still_passed_on)
{
	struct buf stream = BUF_INIT;

	add_frame(&stream, FINAL | WS_OP_TEXT, SPAN("a"));
	add_frame(&stream, FINAL | WS_OP_PING, SPAN("b"));
	add_frame(&stream, FINAL | 0x3, SPAN("c"));
	expect_then_clear(&stream, MAX, "text a\nping b\nbad 1002\n");
}

/* ---- UTF-8 ---- */

static void add_in_fragments(struct buf *stream, struct span text, size_t cut)
{
	add_frame(stream, WS_OP_TEXT, span_of(text.ptr, cut));
	add_frame(stream, FINAL | WS_OP_CONTINUATION,
		  span_of(text.ptr + cut, text.len - cut));
}

TEST(characters_may_be_split_between_fragments_at_every_byte)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	struct span whole = SPAN(text);
	struct buf stream = BUF_INIT;
	size_t cut;

	for (cut = 0; cut <= whole.len; cut++) {
		char want[64];

		snprintf(want, sizeof(want), "text %s\n", text);
		add_in_fragments(&stream, whole, cut);
		expect_then_clear(&stream, MAX, want);
	}
	/* a frame for each byte */
	add_frame(&stream, WS_OP_TEXT, SPAN(""));
	for (cut = 0; cut < whole.len; cut++)
		add_frame(&stream, WS_OP_CONTINUATION, span_of(text + cut, 1));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN(""));
	expect_then_clear(&stream, MAX,
			  "text a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\n");
}

TEST(bad_utf8_is_refused_wherever_it_is_split)
{
	static const char *const texts[] = {
		"a\xff",
		"\x80",
		"\xc3",
		"ab\xe2\x82",
		"\xf0\x9f\x98",
		"\xc0\xaf",
		"\xed\xa0\x80 cut",
		"\xf4\x90\x80\x80",
		"\xe2\x28\xa1",
	};
	struct buf stream = BUF_INIT;
	size_t i, cut;

	for (i = 0; i < COUNT(texts); i++) {
		struct span text = span_str(texts[i]);

		add_frame(&stream, FINAL | WS_OP_TEXT, text);
		expect_then_clear(&stream, MAX, "bad 1007\n");
		for (cut = 0; cut <= text.len; cut++) {
			add_in_fragments(&stream, text, cut);
			expect_then_clear(&stream, MAX, "bad 1007\n");
		}
	}
}

/* ---- limits ---- */

TEST(a_message_of_the_largest_size_passes_and_one_byte_more_does_not)
{
	static char text[301], want[512];
	struct buf stream = BUF_INIT;
	size_t max;

	memset(text, 'm', sizeof(text));
	for (max = 0; max < sizeof(text); max += 25) {
		snprintf(want, sizeof(want), "text %.*s\n", (int)max, text);
		add_frame(&stream, FINAL | WS_OP_TEXT, span_of(text, max));
		expect_then_clear(&stream, max, want);
		add_frame(&stream, FINAL | WS_OP_TEXT, span_of(text, max + 1));
		expect_then_clear(&stream, max, "bad 1009\n");
		add_in_fragments(&stream, span_of(text, max), max / 3);
		expect_then_clear(&stream, max, want);
		add_in_fragments(&stream, span_of(text, max + 1), max / 3);
		expect_then_clear(&stream, max, "bad 1009\n");
	}
}

TEST(a_too_large_message_is_refused_before_its_first_byte)
{
	struct ws_feed feed = { .max = 200 };
	struct buf stream = BUF_INIT;

	add_header(&stream, FINAL | WS_OP_TEXT, true, 2, 201);
	ws_feed_add(&feed, buf_span(&stream));
	assert_span(said(&feed), SPAN("bad 1009\n"));
	ws_feed_release(&feed);
	buf_release(&stream);
}

TEST(control_frames_do_not_count_towards_the_size)
{
	struct buf stream = BUF_INIT;

	add_frame(&stream, FINAL | WS_OP_PING, SPAN("longer than ten"));
	add_frame(&stream, WS_OP_TEXT, SPAN("12345"));
	add_frame(&stream, FINAL | WS_OP_PONG, SPAN("longer than ten"));
	add_frame(&stream, FINAL | WS_OP_CONTINUATION, SPAN("67890"));
	expect_then_clear(&stream, 10,
			  "ping longer than ten\npong longer than ten\ntext "
			  "1234567890\n");
}

/* A message of this many frames, with pings in between, which do not count. */
static void add_many(struct buf *stream, int frames)
{
	int i;

	for (i = 1; i <= frames; i++) {
		add_frame(stream,
			  (i == 1 ? WS_OP_TEXT : WS_OP_CONTINUATION) |
				  (i == frames ? FINAL : 0),
			  i == 7 ? SPAN("x") : SPAN(""));
		if (i % 100 == 0)
			add_frame(stream, FINAL | WS_OP_PING, SPAN(""));
	}
}

TEST(a_message_may_come_in_256_frames_and_no_more)
{
	struct buf stream = BUF_INIT;

	/* twice: the count restarts with each message */
	add_many(&stream, WS_FRAGMENTS_MAX);
	add_many(&stream, WS_FRAGMENTS_MAX);
	expect_then_clear(&stream, MAX,
			  "ping \nping \ntext x\nping \nping \ntext x\n");
	add_many(&stream, WS_FRAGMENTS_MAX + 1);
	expect_then_clear(&stream, MAX, "ping \nping \nbad 1009\n");
	assert_int_equal(WS_FRAGMENTS_MAX, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_conversation_cut_in_three_anywhere_gives_the_same_items),
		cmocka_unit_test(
			a_fragmented_message_is_passed_on_only_when_complete),
		cmocka_unit_test(
			the_memory_of_a_fragmented_message_is_freed_after_it),
		cmocka_unit_test(
			a_control_frame_does_not_change_an_open_message),
		cmocka_unit_test(fragments_out_of_order_are_refused),
		cmocka_unit_test(items_before_a_fault_are_still_passed_on),
		cmocka_unit_test(
			characters_may_be_split_between_fragments_at_every_byte),
		cmocka_unit_test(bad_utf8_is_refused_wherever_it_is_split),
		cmocka_unit_test(
			a_message_of_the_largest_size_passes_and_one_byte_more_does_not),
		cmocka_unit_test(
			a_too_large_message_is_refused_before_its_first_byte),
		cmocka_unit_test(control_frames_do_not_count_towards_the_size),
		cmocka_unit_test(a_message_may_come_in_256_frames_and_no_more),
	};

	return cmocka_run_group_tests_name("ws_messages", tests, NULL, NULL);
}
