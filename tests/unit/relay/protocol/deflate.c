/* SPDX-License-Identifier: MIT
 *
 * relay/deflate: the examples of the RFC, which messages are compressed, and
 * malformed input of a peer.
 */
#include "relay/protocol/deflate.h"

#include "tests/unit/unit.h"

#define MAX 16384
#define BOMB_BYTES 1000

/* want: the text, or "" and the code to close with */
static void expect_max(struct span packed, size_t max, struct span want,
		       uint16_t code)
{
	struct deflate *deflater = deflate_new();
	int i;

	/* earlier messages leave no state behind */
	for (i = 0; i < 2; i++) {
		struct ws_item item = { .payload = boxed(packed) };
		struct span box = item.payload;
		enum ws_result result = deflate_unpack(deflater, &item, max);

		unbox(box);
		assert_int_equal(result, code == 0 ? WS_TEXT : WS_BAD);
		if (code != 0)
			assert_int_equal(item.code, code);
		else
			assert_span(item.payload, want);
	}
	deflate_free(deflater);
}

#define expect(packed, want) expect_max(SPAN(packed), MAX, SPAN(want), 0)
#define expect_bad(packed, code) expect_max(SPAN(packed), MAX, SPAN(""), code)

/* RFC 7692 § 7.2.3 */
TEST(the_rfc_s_examples_unpack_to_hello)
{
	expect("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello");
	expect("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello");
	expect("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello");
	expect("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello");
	expect("\x00", "");
}

/* The second message of the RFC's context takeover refers to the first. */
TEST(no_context_is_taken_over)
{
	expect_bad("\xf2\x00\x11\x00\x00", 1007);
}

TEST(malformed_input_is_refused)
{
	expect_bad("", 1007);
	expect_bad("\xf2\x48\xcd", 1007);
	expect_bad("\xff\xff\xff", 1007);
	expect_bad("{\"event\":\"pusher:ping\"}", 1007);
	/* a truncated stored block; a stored block with bad UTF-8 */
	expect_bad("\x00\x05\x00\xfa\xff\x48", 1007);
	expect_bad("\x00\x02\x00\xfd\xff\xc3\x28\x00", 1007);
	/* a last block with nothing in front of the tail */
	expect_bad("\xf3\x48\xcd\xc9\xc9\x07\x00", 1007);
}

static struct frame *text_frame(struct span text)
{
	return frame_new(WS_OP_TEXT, text);
}

/* The payload of a short packed frame. */
static struct span packed_payload(const struct frame *frame)
{
	assert_int_equal((uint8_t)frame->data[0], 0xc1);
	assert_in_range((uint8_t)frame->data[1], 1, 126);
	return frame->data[1] == 126 ? span_of(frame->data + 4, frame->len - 4)
				     : span_of(frame->data + 2, frame->len - 2);
}

TEST(a_message_of_the_largest_size_passes_and_one_byte_more_does_not)
{
	static char text[MAX * 8];
	struct deflate *deflater = deflate_new();
	struct frame *frame;
	struct span packed;

	memset(text, ' ', sizeof(text));
	frame = text_frame(span_of(text, MAX));
	packed = packed_payload(deflate_pack(deflater, frame));
	expect_max(packed, MAX, span_of(text, MAX), 0);
	expect_max(packed, MAX - 1, SPAN(""), 1009);
	expect_max(packed, 1, SPAN(""), 1009);
	frame_unref(frame);

	frame = text_frame(span_of(text, sizeof(text)));
	packed = packed_payload(deflate_pack(deflater, frame));
	assert_true(packed.len < BOMB_BYTES);
	expect_max(packed, MAX, SPAN(""), 1009);
	frame_unref(frame);
	deflate_free(deflater);
}

TEST(a_packed_message_unpacks_to_the_same_text)
{
	struct deflate *deflater = deflate_new();
	uint32_t random = 1;
	size_t len;

	for (len = DEFLATE_MIN_BYTES; len < MAX; len += 1 + len / 3) {
		struct buf text = BUF_INIT;
		struct frame *frame;
		struct ws_item item;

		while (text.len < len)
			buf_add_char(&text,
				     "abcd\n\""[random_next(&random) % 6]);
		frame = text_frame(buf_span(&text));
		item.payload = packed_payload(deflate_pack(deflater, frame));
		assert_int_equal(deflate_unpack(deflater, &item, MAX), WS_TEXT);
		assert_span(item.payload, buf_span(&text));
		frame_unref(frame);
		buf_release(&text);
	}
	deflate_free(deflater);
}

/* The address sanitizer checks that both are freed. */
TEST(a_frame_is_packed_once_and_its_twin_may_outlive_it)
{
	static char text[MAX];
	struct deflate *deflater = deflate_new();
	struct frame *frame = text_frame(SPAN(text));
	struct frame *twin = frame_ref(deflate_pack(deflater, frame));

	assert_ptr_not_equal(twin, frame);
	assert_ptr_equal(deflate_pack(deflater, frame), twin);
	assert_int_equal(twin->refs, 2);
	frame_unref(frame);
	assert_int_equal(twin->refs, 1);
	assert_int_equal((uint8_t)twin->data[0], 0xc1);
	frame_unref(twin);
	deflate_free(deflater);
}

static void expect_as_it_is(struct frame *frame)
{
	struct deflate *deflater = deflate_new();

	assert_ptr_equal(deflate_pack(deflater, frame), frame);
	assert_ptr_equal(deflate_pack(deflater, frame), frame);
	assert_int_equal(frame->refs, 1);
	frame_unref(frame);
	deflate_free(deflater);
}

TEST(a_message_that_gains_nothing_is_not_packed)
{
	static char text[MAX];
	uint32_t random = 1;
	size_t i;

	assert_int_equal(DEFLATE_MIN_BYTES, 256); /* as in PROTOCOL.md */
	expect_as_it_is(text_frame(span_of(text, DEFLATE_MIN_BYTES - 1)));
	expect_as_it_is(text_frame(SPAN("")));
	expect_as_it_is(frame_new(WS_OP_PING, span_of(text, 125)));
	expect_as_it_is(frame_new_close(4200, "Server restarting"));
	expect_as_it_is(frame_new_raw(SPAN(text)));
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)random_next(&random);
	expect_as_it_is(text_frame(SPAN(text)));
}

TEST(a_secret_is_not_compressed)
{
	static char text[MAX];

	expect_as_it_is(frame_new_secret(SPAN(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfc_s_examples_unpack_to_hello),
		cmocka_unit_test(no_context_is_taken_over),
		cmocka_unit_test(malformed_input_is_refused),
		cmocka_unit_test(
			a_message_of_the_largest_size_passes_and_one_byte_more_does_not),
		cmocka_unit_test(a_packed_message_unpacks_to_the_same_text),
		cmocka_unit_test(
			a_frame_is_packed_once_and_its_twin_may_outlive_it),
		cmocka_unit_test(a_message_that_gains_nothing_is_not_packed),
		cmocka_unit_test(a_secret_is_not_compressed),
	};

	return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
