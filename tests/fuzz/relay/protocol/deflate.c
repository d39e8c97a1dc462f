/* SPDX-License-Identifier: MIT
 *
 * relay/deflate: compressed input of a peer is unpacked to text within the
 * limit or refused, independently of earlier input; and unpacked text can be
 * packed and unpacked again.
 */
#include "relay/protocol/deflate.h"

#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

#define MAX 4000

/* In a block of its own, so that the address sanitizer detects a read beyond
 * it. */
static enum ws_result unpack(struct deflate *deflater, struct span in,
			     struct ws_item *item)
{
	char *copy = malloc(in.len > 0 ? in.len : 1);
	enum ws_result result;

	MUST(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	item->payload = span_of(copy, in.len);
	result = deflate_unpack(deflater, item, MAX);
	free(copy);
	return result;
}

static void check_round(struct deflate *deflater, struct span text)
{
	struct frame *frame = frame_new(WS_OP_TEXT, text);
	struct frame *twin = deflate_pack(deflater, frame);
	struct ws_item item;
	size_t header_len;

	MUST(twin == frame || twin->len < frame->len);
	if (twin != frame) {
		MUST((uint8_t)twin->data[0] == 0xc1);
		header_len = twin->data[1] == 126 ? 4 : 2;
		MUST(unpack(deflater,
			    span_of(twin->data + header_len,
				    twin->len - header_len),
			    &item) == WS_TEXT);
		MUST(span_equal(item.payload, frame_text(frame)));
	}
	frame_unref(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct deflate *used; /* has processed all earlier input */
	struct span in = span_of((const char *)data, size);
	struct deflate *fresh = deflate_new();
	struct ws_item item, then;
	enum ws_result result = unpack(fresh, in, &item);

	if (used == NULL)
		used = deflate_new();
	MUST(result == WS_TEXT || result == WS_BAD);
	MUST(unpack(used, in, &then) == result);
	if (result == WS_BAD) {
		MUST(item.code == 1007 || item.code == 1009);
		MUST(then.code == item.code);
	} else {
		MUST(item.payload.len <= MAX && text_is_utf8(item.payload));
		MUST(span_equal(item.payload, then.payload));
		check_round(used, item.payload);
	}
	deflate_free(fresh);
	return 0;
}
