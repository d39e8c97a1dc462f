/* SPDX-License-Identifier: MIT
 *
 * Shared, reference-counted, immutable bytes.
 */
#include "relay/protocol/frame.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"

#define CLOSE_REASON_MAX 123

static struct frame *new_frame(const void *head, size_t head_len,
			       struct span body)
{
	struct frame *frame;

	assert(body.len <= UINT32_MAX - WS_HEADER_MAX);
	frame = xmalloc(sizeof(*frame) + head_len + body.len);
	frame->refs = 1;
	frame->len = (uint32_t)(head_len + body.len);
	frame->twin = NULL;
	memcpy(frame->data, head, head_len);
	if (body.len > 0)
		memcpy(frame->data + head_len, body.ptr, body.len);
	return frame;
}

struct frame *frame_new(enum ws_opcode opcode, struct span payload)
{
	uint8_t header[WS_HEADER_MAX];

	return new_frame(header, ws_encode_header(header, opcode, payload.len),
			 payload);
}

struct frame *frame_new_secret(struct span payload)
{
	struct frame *frame = frame_new(WS_OP_TEXT, payload);

	frame->twin = frame;
	return frame;
}

struct frame *frame_new_packed(struct span payload)
{
	uint8_t header[WS_HEADER_MAX];
	size_t len = ws_encode_header(header, WS_OP_TEXT, payload.len);

	header[0] |= WS_RSV1;
	return new_frame(header, len, payload);
}

struct frame *frame_new_close(uint16_t code, const char *reason)
{
	char payload[2 + CLOSE_REASON_MAX];
	size_t len = strlen(reason);

	assert(len <= CLOSE_REASON_MAX);
	payload[0] = (char)(code >> 8);
	payload[1] = (char)(code & 0xff);
	memcpy(payload + 2, reason, len);
	return frame_new(WS_OP_CLOSE, span_of(payload, 2 + len));
}

struct frame *frame_new_raw(struct span bytes)
{
	return new_frame("", 0, bytes);
}

struct span frame_text(const struct frame *frame)
{
	const uint8_t *data = (const uint8_t *)frame->data;
	size_t header_len;

	if (frame->len < 2 || data[0] != (WS_FIN | WS_OP_TEXT))
		return span_of(NULL, 0);
	header_len = data[1] < 126 ? 2 : data[1] == 126 ? 4 : 10;
	return span_of(frame->data + header_len, frame->len - header_len);
}

void frame_unref(struct frame *frame)
{
	assert(frame->refs > 0);
	if (--frame->refs > 0)
		return;
	if (frame->twin != NULL && frame->twin != frame)
		frame_unref(frame->twin);
	free(frame);
}
