/* SPDX-License-Identifier: MIT
 *
 * relay/ws and relay/frame against libwslay: each reads the frames of the
 * other, and both refuse the same headers with the same code.
 */
#include "relay/protocol/ws.h"

#include <wslay/wslay.h>

#include "relay/protocol/frame.h"
#include "tests/unit/relay/protocol/ws_feed.h"
#include "tests/unit/unit.h"

#define MAX 200000

/* The other end: its messages, the bytes for it, and the items that it decodes,
 * in the format of ws_feed. */
struct peer {
	struct buf out, said;
	struct span in;
	struct span source; /* of a fragmented message */
	size_t fragment_len;
	uint32_t random;
};

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data,
		       size_t len, int flags, void *user)
{
	struct peer *peer = user;

	(void)ctx, (void)flags;
	buf_add(&peer->out, data, len);
	return (ssize_t)len;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *data, size_t len,
		       int flags, void *user)
{
	struct peer *peer = user;
	size_t n = len < peer->in.len ? len : peer->in.len;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(data, peer->in.ptr, n);
	peer->in = span_of(peer->in.ptr + n, peer->in.len - n);
	return (ssize_t)n;
}

static int on_mask(wslay_event_context_ptr ctx, uint8_t *mask, size_t len,
		   void *user)
{
	struct peer *peer = user;

	(void)ctx;
	while (len-- > 0)
		*mask++ = (uint8_t)random_next(&peer->random);
	return 0;
}

static void on_message(wslay_event_context_ptr ctx,
		       const struct wslay_event_on_msg_recv_arg *arg,
		       void *user)
{
	struct peer *peer = user;
	bool is_close = arg->opcode == WSLAY_CONNECTION_CLOSE;

	(void)ctx;
	buf_add_str(&peer->said, is_close                    ? "close "
				 : arg->opcode == WSLAY_PING ? "ping "
				 : arg->opcode == WSLAY_PONG ? "pong "
							     : "text ");
	if (is_close)
		buf_add_int(&peer->said,
			    arg->msg_length ? arg->status_code : 1005);
	else
		buf_add(&peer->said, arg->msg, arg->msg_length);
	buf_add_char(&peer->said, '\n');
}

static wslay_event_context_ptr new_peer(struct peer *peer, bool is_client)
{
	struct wslay_event_callbacks callbacks = {
		.send_callback = on_send,
		.recv_callback = on_recv,
		.genmask_callback = on_mask,
		.on_msg_recv_callback = on_message,
	};
	wslay_event_context_ptr ctx;

	assert_int_equal(is_client ? wslay_event_context_client_init(
					     &ctx, &callbacks, peer)
				   : wslay_event_context_server_init(
					     &ctx, &callbacks, peer),
			 0);
	wslay_event_config_set_max_recv_msg_length(ctx, MAX);
	return ctx;
}

static void free_peer(struct peer *peer, wslay_event_context_ptr ctx)
{
	wslay_event_context_free(ctx);
	buf_release(&peer->out);
	buf_release(&peer->said);
}

static ssize_t next_fragment(wslay_event_context_ptr ctx, uint8_t *data,
			     size_t len,
			     const union wslay_event_msg_source *source,
			     int *is_end, void *user)
{
	struct peer *peer = user;
	size_t n = 1 + random_next(&peer->random) % peer->fragment_len;

	(void)ctx, (void)source;
	n = n < len ? n : len;
	n = n < peer->source.len ? n : peer->source.len;
	memcpy(data, peer->source.ptr, n);
	peer->source = span_of(peer->source.ptr + n, peer->source.len - n);
	*is_end = peer->source.len == 0;
	return (ssize_t)n;
}

static void queue(wslay_event_context_ptr ctx, uint8_t opcode, struct span s)
{
	struct wslay_event_msg msg = { opcode, (const uint8_t *)s.ptr, s.len };

	assert_int_equal(wslay_event_queue_msg(ctx, &msg), 0);
	assert_int_equal(wslay_event_send(ctx), 0);
}

static void queue_fragmented(wslay_event_context_ptr ctx, struct peer *peer,
			     struct span s)
{
	struct wslay_event_fragmented_msg msg = {
		.opcode = WSLAY_TEXT_FRAME,
		.read_callback = next_fragment,
	};

	peer->source = s;
	/* at most 200 frames on the average */
	peer->fragment_len = 1 + s.len / 100;
	assert_int_equal(wslay_event_queue_fragmented_msg(ctx, &msg), 0);
	assert_int_equal(wslay_event_send(ctx), 0);
}

/* Lengths around where the header changes its form, mostly. */
static size_t random_len(uint32_t *random, size_t max)
{
	static const size_t edges[] = { 0, 1, 7, 125, 126, 127, 65535, 65536 };
	size_t len = random_next(random) % 3 == 0
			     ? random_next(random) % 3000
			     : edges[random_next(random) % COUNT(edges)];

	return len < max ? len : max;
}

/* Two bytes a character, so that fragments may split a character. */
static struct span random_text(uint32_t *random, size_t max)
{
	static char text[65538];
	size_t len = random_len(random, max), i;

	for (i = 0; i + 1 < len; i += 2) {
		text[i] = '\xc3';
		text[i + 1] = (char)(0x80 | random_next(random) % 64);
	}
	if (len % 2 == 1)
		text[len - 1] = 'x';
	return span_of(text, len);
}

static void add_said(struct buf *said, const char *kind, struct span payload)
{
	buf_add_str(said, kind);
	buf_add_span(said, payload);
	buf_add_char(said, '\n');
}

static void say_something(wslay_event_context_ptr ctx, struct peer *peer,
			  struct buf *want)
{
	struct span s;

	switch (random_next(&peer->random) % 5) {
	case 0:
		s = random_text(&peer->random, 125);
		queue(ctx, WSLAY_PING, s);
		add_said(want, "ping ", s);
		return;
	case 1:
		s = random_text(&peer->random, 125);
		queue(ctx, WSLAY_PONG, s);
		add_said(want, "pong ", s);
		return;
	case 2:
		s = random_text(&peer->random, SIZE_MAX);
		queue_fragmented(ctx, peer, s);
		break;
	default:
		s = random_text(&peer->random, SIZE_MAX);
		queue(ctx, WSLAY_TEXT_FRAME, s);
	}
	add_said(want, "text ", s);
}

TEST(messages_of_wslay_are_decoded_as_sent)
{
	uint32_t round;

	for (round = 1; round <= 150; round++) {
		struct peer peer = { .random = round };
		wslay_event_context_ptr ctx = new_peer(&peer, true);
		struct ws_feed feed = { .max = MAX };
		struct buf want = BUF_INIT;
		size_t at = 0, i;

		for (i = 0; i < 20; i++)
			say_something(ctx, &peer, &want);
		assert_int_equal(
			wslay_event_queue_close(ctx, 4000 + round,
						(const uint8_t *)"goodbye", 7),
			0);
		assert_int_equal(wslay_event_send(ctx), 0);
		buf_addf(&want, "close %u\n", 4000 + round);

		while (at < peer.out.len) {
			size_t n = 1 + random_next(&peer.random) % 9000;

			n = n < peer.out.len - at ? n : peer.out.len - at;
			ws_feed_add(&feed, span_of(peer.out.data + at, n));
			at += n;
		}
		assert_span(buf_span(&feed.said), buf_span(&want));
		assert_int_equal(feed.pending.len, 0);
		ws_feed_release(&feed);
		buf_release(&want);
		free_peer(&peer, ctx);
	}
}

static void send_frame(struct peer *peer, wslay_event_context_ptr ctx,
		       struct frame *frame)
{
	peer->in = span_of(frame->data, frame->len);
	assert_int_equal(wslay_event_recv(ctx), 0);
	assert_int_equal(peer->in.len, 0);
	frame_unref(frame);
}

TEST(wslay_decodes_our_messages)
{
	static const size_t lens[] = { 0,   1,   124,   125,   126,
				       127, 255, 65534, 65535, 65536 };
	struct peer peer = { .random = 1 };
	wslay_event_context_ptr ctx = new_peer(&peer, true);
	static char text[65536];
	struct buf want = BUF_INIT;
	size_t i;

	memset(text, 't', sizeof(text));
	for (i = 0; i < COUNT(lens); i++) {
		struct span s = span_of(text, lens[i]);

		send_frame(&peer, ctx, frame_new(WS_OP_TEXT, s));
		add_said(&want, "text ", s);
		if (lens[i] > 125)
			continue;
		send_frame(&peer, ctx, frame_new(WS_OP_PING, s));
		add_said(&want, "ping ", s);
		send_frame(&peer, ctx, frame_new(WS_OP_PONG, s));
		add_said(&want, "pong ", s);
	}
	text[123] = '\0';
	send_frame(&peer, ctx, frame_new_close(4200, text));
	buf_add_str(&want, "close 4200\n");
	assert_span(buf_span(&peer.said), buf_span(&want));
	assert_int_equal(wslay_event_get_status_code_received(ctx), 4200);
	buf_release(&want);
	free_peer(&peer, ctx);
}

/* The code that wslay closes with, 0 if it accepts the stream. */
static int wslay_code(struct span stream)
{
	struct peer peer = { .in = stream, .random = 1 };
	wslay_event_context_ptr ctx = new_peer(&peer, false);
	int result = wslay_event_recv(ctx), code = 0;

	/* a malformed header makes wslay fail to read, without a code of its
	 * own */
	assert_true(result == 0 || result == WSLAY_ERR_CALLBACK_FAILURE);
	if (result != 0) {
		code = 1002;
	} else if (!wslay_event_get_close_received(ctx)) {
		assert_int_equal(wslay_event_send(ctx), 0);
		if (wslay_event_get_close_sent(ctx))
			code = wslay_event_get_status_code_sent(ctx);
	}
	free_peer(&peer, ctx);
	return code;
}

static int our_code(struct span stream)
{
	struct ws_feed feed = { .max = MAX };
	int code = 0;

	ws_feed_add(&feed, stream);
	buf_add_char(&feed.said, '\0');
	if (strncmp(feed.said.data, "bad ", 4) == 0)
		code = (int)strtol(feed.said.data + 4, NULL, 10);
	ws_feed_release(&feed);
	return code;
}

static void compare(struct span stream)
{
	int ours = our_code(stream), theirs = wslay_code(stream);

	/* wslay accepts binary messages, we do not */
	if (ours == 1003)
		ours = theirs;
	if (ours != theirs)
		fail_msg("%02x %02x …: %d, wslay %d", stream.ptr[0] & 0xff,
			 stream.ptr[1] & 0xff, ours, theirs);
}

static void compare_header(uint8_t first, bool is_masked, size_t form,
			   uint64_t len, bool is_open)
{
	static char payload[65536];
	struct buf stream = BUF_INIT;

	memset(payload, 'a', sizeof(payload));
	/* a valid code for a Close */
	memcpy(payload, "\x0f\xa0", 2);
	if ((first & 15) != WS_OP_CLOSE)
		memcpy(payload, "aa", 2);
	/* wslay reads half a code as none */
	else if (len == 1)
		len = 0;
	if (is_open)
		add_frame(&stream, WS_OP_TEXT, SPAN("open"));
	add_header(&stream, first, is_masked, form, len);
	/* wslay checks a header when the first byte of the payload is there */
	add_masked(&stream, "mask",
		   span_of(payload,
			   len < sizeof(payload) ? len : sizeof(payload)));
	compare(buf_span(&stream));
	buf_release(&stream);
}

TEST(wslay_refuses_the_headers_that_we_refuse)
{
	static const uint64_t lens[] = {
		0,   1,   2,     3,     125,     126,
		127, 128, 65535, 65536, MAX + 1, 1ULL << 63,
	};
	int first, bits;
	size_t i;

	for (first = 0; first < 256; first++)
		for (i = 0; i < COUNT(lens); i++)
			for (bits = 0; bits < 12; bits++) {
				size_t form = bits >> 2 == 0   ? 0
					      : bits >> 2 == 1 ? 2
							       : 8;

				if ((form == 0 && lens[i] > 125) ||
				    (form == 2 && lens[i] > 65535))
					continue;
				compare_header((uint8_t)first, bits & 1, form,
					       lens[i], bits & 2);
			}
}

TEST(wslay_refuses_the_close_codes_that_we_refuse)
{
	struct buf stream = BUF_INIT;
	int code;

	for (code = 0; code < 6000; code++) {
		char payload[2] = { (char)(code >> 8), (char)code };

		/* registered after wslay was written */
		if (code >= 1012 && code <= 1014)
			continue;
		buf_clear(&stream);
		add_frame(&stream, FINAL | WS_OP_CLOSE,
			  span_of(payload, sizeof(payload)));
		compare(buf_span(&stream));
	}
	buf_release(&stream);
}

TEST(wslay_refuses_the_texts_that_we_refuse)
{
	struct buf stream = BUF_INIT;
	uint32_t random = 1;
	int round;

	for (round = 0; round < 20000; round++) {
		static const unsigned char bytes[] = {
			'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1,
			0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff
		};
		char text[6];
		size_t len = random_next(&random) % (sizeof(text) + 1), i;
		size_t cut = len > 0 ? random_next(&random) % len : 0;

		for (i = 0; i < len; i++)
			text[i] = (char)
				bytes[random_next(&random) % COUNT(bytes)];
		buf_clear(&stream);
		add_frame(&stream, WS_OP_TEXT, span_of(text, cut));
		add_frame(&stream, FINAL | WS_OP_CONTINUATION,
			  span_of(text + cut, len - cut));
		compare(buf_span(&stream));
	}
	buf_release(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_wslay_are_decoded_as_sent),
		cmocka_unit_test(wslay_decodes_our_messages),
		cmocka_unit_test(wslay_refuses_the_headers_that_we_refuse),
		cmocka_unit_test(wslay_refuses_the_close_codes_that_we_refuse),
		cmocka_unit_test(wslay_refuses_the_texts_that_we_refuse),
	};

	return cmocka_run_group_tests_name("ws_wslay", tests, NULL, NULL);
}
