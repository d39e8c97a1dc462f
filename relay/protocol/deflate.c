/* SPDX-License-Identifier: MIT
 *
 * Message compression with zlib. Section numbers are of RFC 7692.
 */
#define ZLIB_CONST
#include "relay/protocol/deflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/text.h"

/* Raw DEFLATE with the largest window: deflate_offer accepts no smaller one. */
#define WINDOW_BITS (-15)
#define MEM_LEVEL 8

/* § 7.2.1: the end of each compressed message, which is not sent. */
#define TAIL "\0\0\xff\xff"
#define TAIL_LEN 4

/* zlib.h, inflate(): this bit of data_type is set between two blocks. */
#define BETWEEN_BLOCKS 128

struct deflate {
	z_stream deflater, inflater;
	struct buf packed, unpacked;
};

struct deflate *deflate_new(void)
{
	struct deflate *deflater = xcalloc(1, sizeof(*deflater));

	if (deflateInit2(&deflater->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			 WINDOW_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK ||
	    inflateInit2(&deflater->inflater, WINDOW_BITS) != Z_OK)
		fatalx("cannot start zlib");
	return deflater;
}

void deflate_free(struct deflate *deflater)
{
	(void)deflateEnd(&deflater->deflater);
	(void)inflateEnd(&deflater->inflater);
	buf_release(&deflater->packed);
	buf_release(&deflater->unpacked);
	free(deflater);
}

/* Compresses text into packer->packed. False if it does not get smaller. */
static bool squeeze(struct deflate *deflater, struct span text)
{
	z_stream *z = &deflater->deflater;
	struct buf *out = &deflater->packed;

	buf_clear(out);
	(void)deflateReset(z);
	z->next_in = (const Bytef *)text.ptr;
	z->avail_in = (uInt)text.len;
	z->next_out = (Bytef *)buf_reserve(out, text.len);
	z->avail_out = (uInt)text.len;
	/* the output has room to spare, so zlib writes everything, the tail
	 * included */
	if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_out == 0)
		return false;
	out->len = text.len - z->avail_out - TAIL_LEN;
	return true;
}

struct frame *deflate_pack(struct deflate *deflater, struct frame *frame)
{
	struct span text;

	if (frame->twin != NULL)
		return frame->twin;
	text = frame_text(frame);
	frame->twin = text.len >= DEFLATE_MIN_BYTES && squeeze(deflater, text)
			      ? frame_new_packed(buf_span(&deflater->packed))
			      : frame;
	return frame->twin;
}

/* Continues until in is read or the output is full. False if in is malformed.
 * After the last block of a stream other blocks may follow: § 7.2.3.4. */
static bool stretch(z_stream *z, struct span in)
{
	int status = Z_OK;

	z->next_in = (const Bytef *)in.ptr;
	z->avail_in = (uInt)in.len;
	while (status == Z_OK && z->avail_in > 0 && z->avail_out > 0) {
		status = inflate(z, Z_SYNC_FLUSH);
		if (status == Z_STREAM_END)
			status = inflateReset(z);
	}
	return status == Z_OK || status == Z_BUF_ERROR;
}

static enum ws_result refuse_message(struct ws_item *item, uint16_t code)
{
	item->code = code;
	return WS_BAD;
}

enum ws_result deflate_unpack(struct deflate *deflater, struct ws_item *item,
			      size_t max)
{
	z_stream *z = &deflater->inflater;
	struct buf *out = &deflater->unpacked;
	bool is_whole;

	buf_clear(out);
	(void)inflateReset(z);
	z->next_out = (Bytef *)buf_reserve(out, max + 1);
	z->avail_out = (uInt)(max + 1);
	is_whole = stretch(z, item->payload) &&
		   stretch(z, span_of(TAIL, TAIL_LEN)) &&
		   (z->data_type & BETWEEN_BLOCKS);
	if (z->avail_out == 0)
		return refuse_message(item, WS_CODE_TOO_LARGE);
	out->len = max + 1 - z->avail_out;
	if (!is_whole || !text_is_utf8(buf_span(out)))
		return refuse_message(item, WS_CODE_INVALID_PAYLOAD);
	item->payload = buf_span(out);
	return WS_TEXT;
}
