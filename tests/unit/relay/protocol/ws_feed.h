/* SPDX-License-Identifier: MIT
 *
 * Feeds a client's bytes to relay/ws and writes the items as text, for
 * comparison. For the unit tests and the fuzz target alike.
 */
#ifndef TESTS_UNIT_RELAY_PROTOCOL_WS_FEED_H
#define TESTS_UNIT_RELAY_PROTOCOL_WS_FEED_H

#include <assert.h>
#include <stdlib.h>

#include "relay/protocol/ws.h"

/* ---- client frames ---- */

/* Adds a header with this first byte. form: the size of the length field, 0 for
 * seven bits, else 2 or 8 bytes; it need not be the shortest. */
static inline void add_header(struct buf *out, uint8_t first, bool is_masked,
			      size_t form, uint64_t len)
{
	uint8_t second = form == 0 ? (uint8_t)len : form == 2 ? 126 : 127;

	buf_add_char(out, (char)first);
	buf_add_char(out, (char)(is_masked ? second | 0x80 : second));
	while (form-- > 0)
		buf_add_char(out, (char)(len >> (8 * form)));
}

/* Adds the mask and the masked bytes. */
static inline void add_masked(struct buf *out, const char mask[4],
			      struct span payload)
{
	size_t i;

	buf_add(out, mask, 4);
	for (i = 0; i < payload.len; i++)
		buf_add_char(out, (char)(payload.ptr[i] ^ mask[i % 4]));
}

/* Adds a frame in the form that a client must use. */
static inline void add_frame(struct buf *out, uint8_t first,
			     struct span payload)
{
	size_t form = payload.len < 126 ? 0 : payload.len < 65536 ? 2 : 8;

	add_header(out, first, true, form, payload.len);
	add_masked(out, "\x9d\x01\xfe\x55", payload);
}

#define FINAL 0x80

/* ---- decoded items ---- */

/* said holds a line for each item, until the connection is over. */
struct ws_feed {
	struct ws ws;
	struct buf pending, said;
	size_t max;
	bool is_over;
};

static inline void ws_feed_note(struct ws_feed *feed, enum ws_result result,
				const struct ws_item *item)
{
	static const char *const names[] = { NULL,    "text", "ping",  "pong",
					     "close", "bad",  "packed" };

	buf_add_str(&feed->said, names[result]);
	buf_add_char(&feed->said, ' ');
	feed->is_over = result == WS_CLOSE || result == WS_BAD;
	if (feed->is_over)
		buf_add_int(&feed->said, item->code);
	else
		buf_add_span(&feed->said, item->payload);
	buf_add_char(&feed->said, '\n');
}

/* The bytes are in a block of exactly their length, so that the address
 * sanitizer detects a read beyond it. */
static inline void ws_feed_add(struct ws_feed *feed, struct span piece)
{
	size_t len = feed->pending.len + piece.len, at = 0;
	char *in = malloc(len > 0 ? len : 1);
	enum ws_result result = WS_PONG;

	assert(in != NULL);
	if (feed->pending.len > 0)
		memcpy(in, feed->pending.data, feed->pending.len);
	if (piece.len > 0)
		memcpy(in + feed->pending.len, piece.ptr, piece.len);
	while (!feed->is_over && result != WS_NEED_MORE) {
		struct ws_item item;
		size_t used = SIZE_MAX;

		result = ws_next(&feed->ws, in + at, len - at, feed->max, &used,
				 &item);
		assert(used <= len - at);
		at += used;
		if (result != WS_NEED_MORE)
			ws_feed_note(feed, result, &item);
	}
	buf_clear(&feed->pending);
	buf_add(&feed->pending, in + at, len - at);
	free(in);
}

static inline void ws_feed_release(struct ws_feed *feed)
{
	ws_release(&feed->ws);
	buf_release(&feed->pending);
	buf_release(&feed->said);
	feed->is_over = false;
}

#endif
