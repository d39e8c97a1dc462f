/* SPDX-License-Identifier: MIT
 *
 * relay/ws with compressed messages: which frames may have RSV1, RFC 7692 § 6,
 * and that compressed bytes pass through unchanged.
 */
#include "relay/protocol/ws.h"

#include "tests/unit/relay/protocol/ws_feed.h"
#include "tests/unit/unit.h"

#define MAX 300
#define TEXT WS_OP_TEXT
#define MORE WS_OP_CONTINUATION
#define PING WS_OP_PING

/* Feeds frames with these first bytes, up to a 0, and compares the items. Each
 * frame holds one byte of bad UTF-8. */
static void expect_fed(bool may_pack, const uint8_t *firsts, const char *want)
{
	struct buf stream = BUF_INIT;
	size_t piece;

	for (; *firsts != 0; firsts++)
		add_frame(&stream, *firsts, SPAN("\xff"));
	for (piece = 1; piece <= stream.len; piece++) {
		struct ws_feed feed = { .max = MAX };
		size_t at;

		feed.ws.may_pack = may_pack;
		for (at = 0; at < stream.len && !feed.is_over; at += piece)
			ws_feed_add(&feed, span_of(stream.data + at,
						   piece < stream.len - at
							   ? piece
							   : stream.len - at));
		assert_span(buf_span(&feed.said), span_str(want));
		ws_feed_release(&feed);
	}
	buf_release(&stream);
}

#define expect(may_pack, want, ...)                                            \
	expect_fed(may_pack, (const uint8_t[]){ __VA_ARGS__, 0 }, want)

TEST(a_packed_message_passes_through_unchanged)
{
	expect(true, "packed \xff\n", FINAL | WS_RSV1 | TEXT);
	expect(true, "packed \xff\xff\n", WS_RSV1 | TEXT, FINAL | MORE);
	expect(true, "ping \xff\npacked \xff\xff\n", WS_RSV1 | TEXT,
	       FINAL | PING, FINAL);
}

TEST(rsv1_marks_a_single_message)
{
	expect(true, "packed \xff\nbad 1007\n", FINAL | WS_RSV1 | TEXT,
	       FINAL | TEXT);
	expect(true, "packed \xff\xff\nbad 1007\n", WS_RSV1 | TEXT, FINAL, TEXT,
	       FINAL);
}

TEST(rsv1_is_refused_beyond_the_first_frame_of_a_message)
{
	expect(true, "bad 1002\n", FINAL | WS_RSV1 | PING);
	expect(true, "bad 1002\n", WS_RSV1 | TEXT, FINAL | WS_RSV1 | PING);
	expect(true, "bad 1002\n", WS_RSV1 | TEXT, FINAL | WS_RSV1 | MORE);
	expect(true, "bad 1002\n", TEXT, FINAL | WS_RSV1 | MORE);
	expect(true, "bad 1002\n", FINAL | WS_RSV1 | WS_OP_CLOSE);
	expect(true, "bad 1003\n", FINAL | WS_RSV1 | WS_OP_BINARY);
	expect(true, "bad 1002\n", FINAL | WS_RSV1 | 0x20 | TEXT);
	expect(true, "bad 1002\n", FINAL | 0x10 | TEXT);
}

TEST(rsv1_is_refused_without_negotiation)
{
	expect(false, "bad 1002\n", FINAL | WS_RSV1 | TEXT);
	expect(false, "bad 1002\n", WS_RSV1 | TEXT, FINAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packed_message_passes_through_unchanged),
		cmocka_unit_test(rsv1_marks_a_single_message),
		cmocka_unit_test(
			rsv1_is_refused_beyond_the_first_frame_of_a_message),
		cmocka_unit_test(rsv1_is_refused_without_negotiation),
	};

	return cmocka_run_group_tests_name("ws_packed", tests, NULL, NULL);
}
