/* SPDX-License-Identifier: MIT
 *
 * relay/ws, single frames: every header, every length, every close code.
 * Expectations are computed from RFC 6455 independently of the code under test.
 * Whole messages are in ws_messages.c.
 */
#include "relay/protocol/ws.h"

#include "tests/unit/relay/protocol/ws_feed.h"
#include "tests/unit/unit.h"

#define MAX 70000

/* Feeds the stream in pieces of this many bytes and compares the items. The
 * end, beyond the first few pieces, comes at once. */
static void expect_in_pieces(struct span stream, size_t piece, size_t max,
			     struct span want)
{
	struct ws_feed feed = { .max = max };
	size_t at = 0;

	while (at < stream.len && !feed.is_over) {
		size_t n = at < 400 && piece < stream.len - at
				   ? piece
				   : stream.len - at;

		ws_feed_add(&feed, span_of(stream.ptr + at, n));
		at += n;
	}
	assert_span(span_of(feed.said.len ? feed.said.data : "", feed.said.len),
		    want);
	ws_feed_release(&feed);
}

static void expect(struct span stream, size_t max, const char *want)
{
	expect_in_pieces(stream, SIZE_MAX / 2, max, span_str(want));
	expect_in_pieces(stream, 1, max, span_str(want));
	expect_in_pieces(stream, 3, max, span_str(want));
}

/* ---- headers ---- */

struct header {
	uint8_t first;
	bool is_masked;
	size_t form; /* bytes of the long length */
	uint64_t len;
	bool is_open; /* inside a fragmented message, with four bytes so far */
};

/* The code that RFC 6455 (and PROTOCOL.md for 1003 and 1009) requires, 0 if the
 * header is good. *known is the number of bytes that decide it. */
static int expected_code(const struct header *h, size_t *known)
{
	static const char opcodes[16] = "ctb-----CPO-----";
	char kind = opcodes[h->first & 15];
	bool is_control = kind >= 'A' && kind <= 'Z';

	*known = 1;
	if (h->first >> 4 != 0 && h->first >> 4 != 8)
		return 1002;
	if (kind == '-' || (kind == 'c' && !h->is_open) ||
	    ((kind == 't' || kind == 'b') && h->is_open) ||
	    (is_control && !(h->first & FINAL)))
		return 1002;
	if (kind == 'b')
		return 1003;
	*known = 2;
	if (!h->is_masked || (is_control && h->form > 0))
		return 1002;
	*known = 2 + h->form;
	if (h->form == 2 && h->len <= 125)
		return 1002;
	if (h->form == 8 && (h->len <= 65535 || h->len >= 1ULL << 63))
		return 1002;
	if (!is_control && h->len > (h->is_open ? MAX - 4 : MAX))
		return 1009;
	return 0;
}

static void add_expected(struct buf *said, const struct header *h,
			 struct span payload)
{
	bool is_final = (h->first & FINAL) != 0;

	switch (h->first & 15) {
	case WS_OP_PING:
	case WS_OP_PONG:
		buf_add_str(said,
			    (h->first & 15) == WS_OP_PING ? "ping " : "pong ");
		break;
	case WS_OP_CLOSE:
		/* "aa" is no valid close code */
		buf_add_str(said, h->len == 0 ? "close 1005\n" : "bad 1002\n");
		return;
	default:
		if (!is_final)
			return;
		buf_add_str(said, h->is_open ? "text open" : "text ");
	}
	buf_add_span(said, payload);
	buf_add_char(said, '\n');
}

static void check_header(const struct header *h)
{
	static char a[MAX];
	struct buf stream = BUF_INIT, said = BUF_INIT;
	size_t start, known, cut;
	int code = expected_code(h, &known);

	if (a[0] == '\0')
		memset(a, 'a', sizeof(a));
	if (h->is_open)
		add_frame(&stream, WS_OP_TEXT, SPAN("open"));
	start = stream.len;
	add_header(&stream, h->first, h->is_masked, h->form, h->len);
	if (code != 0) {
		/* found with the byte that decides it, and not earlier */
		expect_in_pieces(span_of(stream.data, start + known - 1), 1,
				 MAX, SPAN(""));
		buf_addf(&said, "bad %d\n", code);
		expect_in_pieces(span_of(stream.data, start + known), 1, MAX,
				 buf_span(&said));
	} else {
		add_masked(&stream, "\x12\x34\x56\x78", span_of(a, h->len));
		add_expected(&said, h, span_of(a, h->len));
	}
	for (cut = start + 1; cut < stream.len && cut < start + 16; cut += 3)
		expect_in_pieces(buf_span(&stream), cut, MAX,
				 span_of(said.len ? said.data : "", said.len));
	expect_in_pieces(buf_span(&stream), stream.len, MAX,
			 span_of(said.len ? said.data : "", said.len));
	buf_release(&stream);
	buf_release(&said);
}

TEST(every_header_with_a_short_length_is_judged)
{
	struct header h = { .form = 0 };
	int first, second;

	for (first = 0; first < 256; first++)
		for (second = 0; second < 256; second++) {
			h.first = (uint8_t)first;
			h.is_masked = (second & 0x80) != 0;
			h.len = second & 0x7f;
			if (h.len > 125)
				continue;
			h.is_open = false;
			check_header(&h);
			h.is_open = true;
			check_header(&h);
		}
}

TEST(every_header_with_a_long_length_is_judged)
{
	static const uint64_t lens[] = { 0,
					 1,
					 125,
					 126,
					 127,
					 128,
					 255,
					 256,
					 65535,
					 65536,
					 MAX - 4,
					 MAX - 3,
					 MAX,
					 MAX + 1,
					 1ULL << 31,
					 1ULL << 32,
					 (1ULL << 63) - 1,
					 1ULL << 63,
					 UINT64_MAX - 69999,
					 UINT64_MAX };
	struct header h;
	int first, bits;
	size_t i;

	for (first = 0; first < 256; first++)
		for (i = 0; i < COUNT(lens); i++)
			for (bits = 0; bits < 8; bits++) {
				h.first = (uint8_t)first;
				h.len = lens[i];
				h.is_masked = bits & 1;
				h.is_open = bits & 2;
				h.form = bits & 4 ? 2 : 8;
				if (h.form == 8 || h.len <= 65535)
					check_header(&h);
			}
}

/* ---- the mask ---- */

TEST(every_length_and_mask_is_unmasked)
{
	static const char masks[][5] = { "\0\0\0\0", "\xff\xff\xff\xff",
					 "\x01\x80\0\xfe", "mask" };
	char text[300];
	size_t len, i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(1 + i % 0x7f);
	for (len = 0; len <= sizeof(text); len++)
		for (i = 0; i < COUNT(masks); i++) {
			struct buf stream = BUF_INIT, said = BUF_INIT;

			/* an odd number of bytes before it */
			add_frame(&stream, FINAL | WS_OP_PONG, SPAN("x"));
			add_header(&stream, FINAL | WS_OP_TEXT, true,
				   len < 126 ? 0 : 2, len);
			add_masked(&stream, masks[i], span_of(text, len));
			buf_add_str(&said, "pong x\ntext ");
			buf_add(&said, text, len);
			buf_add_char(&said, '\n');
			expect_in_pieces(buf_span(&stream), stream.len, MAX,
					 buf_span(&said));
			expect_in_pieces(buf_span(&stream), 1, MAX,
					 buf_span(&said));
			buf_release(&stream);
			buf_release(&said);
		}
}

/* ---- closing ---- */

TEST(every_close_code_is_judged)
{
	char payload[3] = "..x", want[32];
	int code, len;

	for (code = 0; code < 65536; code++)
		for (len = 2; len <= 3; len++) {
			struct buf stream = BUF_INIT;
			/* RFC 6455 § 7.4, and later IANA registrations */
			bool is_good = (code >= 3000 && code < 5000) ||
				       (code >= 1000 && code <= 1003) ||
				       (code >= 1007 && code <= 1014);

			payload[0] = (char)(code >> 8);
			payload[1] = (char)code;
			add_frame(&stream, FINAL | WS_OP_CLOSE,
				  span_of(payload, (size_t)len));
			snprintf(want, sizeof(want), "%s %d\n",
				 is_good ? "close" : "bad",
				 is_good ? code : 1002);
			expect_in_pieces(buf_span(&stream), stream.len, MAX,
					 span_str(want));
			buf_release(&stream);
		}
}

static void expect_close(struct span payload, const char *want)
{
	struct buf stream = BUF_INIT;

	add_frame(&stream, FINAL | WS_OP_CLOSE, payload);
	expect(buf_span(&stream), MAX, want);
	buf_release(&stream);
}

TEST(a_close_needs_no_code_but_a_whole_one_and_a_reason_in_utf8)
{
	char longest[125] = "\x03\xe8";

	expect_close(SPAN(""), "close 1005\n");
	expect_close(SPAN("\x03"), "bad 1002\n");
	expect_close(SPAN("\x03\xe8"), "close 1000\n");
	expect_close(SPAN("\x03\xe8\xc3\xa9"), "close 1000\n");
	expect_close(SPAN("\x03\xe8\xc3"), "bad 1007\n");
	expect_close(SPAN("\x03\xe8\xed\xa0\x80"), "bad 1007\n");
	expect_close(SPAN("\x03\xe8\0"), "close 1000\n");
	expect_close(span_of(longest, sizeof(longest)), "close 1000\n");
}

/* ---- our own headers ---- */

TEST(a_header_is_written_in_its_shortest_form)
{
	static const struct {
		uint64_t payload_len;
		size_t len;
		const char *bytes;
	} headers[] = {
		{ 0, 2, "\x81\x00" },
		{ 1, 2, "\x81\x01" },
		{ 125, 2, "\x81\x7d" },
		{ 126, 4, "\x81\x7e\x00\x7e" },
		{ 256, 4, "\x81\x7e\x01\x00" },
		{ 65535, 4, "\x81\x7e\xff\xff" },
		{ 65536, 10, "\x81\x7f\0\0\0\0\0\x01\0\0" },
		{ 0x0123456789abcdef, 10,
		  "\x81\x7f\x01\x23\x45\x67\x89\xab\xcd\xef" },
	};
	static const enum ws_opcode opcodes[] = {
		WS_OP_CONTINUATION, WS_OP_TEXT, WS_OP_BINARY,
		WS_OP_CLOSE,        WS_OP_PING, WS_OP_PONG
	};
	uint8_t header[WS_HEADER_MAX];
	size_t i;

	for (i = 0; i < COUNT(headers); i++) {
		assert_int_equal(ws_encode_header(header, WS_OP_TEXT,
						  headers[i].payload_len),
				 headers[i].len);
		assert_memory_equal(header, headers[i].bytes, headers[i].len);
	}
	for (i = 0; i < COUNT(opcodes); i++) {
		assert_int_equal(ws_encode_header(header, opcodes[i], 3), 2);
		assert_int_equal(header[0], 0x80 | opcodes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_with_a_short_length_is_judged),
		cmocka_unit_test(every_header_with_a_long_length_is_judged),
		cmocka_unit_test(every_length_and_mask_is_unmasked),
		cmocka_unit_test(every_close_code_is_judged),
		cmocka_unit_test(
			a_close_needs_no_code_but_a_whole_one_and_a_reason_in_utf8),
		cmocka_unit_test(a_header_is_written_in_its_shortest_form),
	};

	return cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}
