/* SPDX-License-Identifier: MIT
 *
 * relay/ws: any split gives the same items as the whole; items are valid and
 * within the limits; a fault is permanent. The first byte chooses the split,
 * and whether messages may be compressed.
 */
#include "relay/protocol/ws.h"

#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/relay/protocol/ws_feed.h"

#define MAX 300
/* First bytes from here on allow compressed messages. */
#define PACKED 0x80

/* Reads the items one at a time. */
static void check_items(struct span in, bool may_pack)
{
	char *copy = malloc(in.len + 1);
	struct ws ws = { .message = BUF_INIT, .may_pack = may_pack };
	enum ws_result result = WS_PONG;
	size_t at = 0;

	MUST(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	while (result != WS_NEED_MORE && result != WS_BAD) {
		struct ws_item item;
		size_t used = SIZE_MAX;

		result =
			ws_next(&ws, copy + at, in.len - at, MAX, &used, &item);
		MUST(used <= in.len - at);
		/* it consumes bytes, or it has returned all items */
		MUST(used > 0 || result == WS_NEED_MORE || result == WS_BAD);
		at += used;
		MUST(ws.message.len <= MAX);
		MUST(ws.fragments <= WS_FRAGMENTS_MAX);
		if (result == WS_TEXT)
			MUST(item.payload.len <= MAX &&
			     text_is_utf8(item.payload));
		if (result == WS_PACKED)
			MUST(may_pack && item.payload.len <= MAX);
		if (result == WS_PING || result == WS_PONG)
			MUST(item.payload.len <= 125);
		if (result == WS_CLOSE)
			MUST(item.code >= 1000 && item.code <= 4999 &&
			     item.code != 1006 && item.code != 1015);
		if (result == WS_BAD)
			MUST(item.code == 1002 || item.code == 1003 ||
			     item.code == 1007 || item.code == 1009);
	}
	ws_release(&ws);
	free(copy);
}

static void feed_in_pieces(struct ws_feed *feed, struct span in, size_t step)
{
	size_t at = 0, piece = step;

	while (at < in.len) {
		size_t n = piece < in.len - at ? piece : in.len - at;

		ws_feed_add(feed, span_of(in.ptr + at, n));
		at += n;
		/* pieces of several lengths */
		piece = step + at % 3;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_feed whole = { .max = MAX }, split = { .max = MAX };
	struct span in;
	size_t step;

	if (size == 0)
		return 0;
	step = 1 + data[0] % 32;
	in = span_of((const char *)data + 1, size - 1);
	whole.ws.may_pack = split.ws.may_pack = data[0] >= PACKED;
	check_items(in, whole.ws.may_pack);
	ws_feed_add(&whole, in);
	feed_in_pieces(&split, in, step);
	MUST(whole.said.len == split.said.len);
	MUST(whole.said.len == 0 ||
	     memcmp(whole.said.data, split.said.data, whole.said.len) == 0);
	MUST(whole.is_over == split.is_over);
	/* the bytes of an unfinished item are kept, and no others */
	MUST(whole.is_over || whole.pending.len == split.pending.len);
	ws_feed_release(&whole);
	ws_feed_release(&split);
	return 0;
}
