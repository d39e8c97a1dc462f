/* SPDX-License-Identifier: MIT
 *
 * Frames of RFC 6455. Section numbers below are of that document.
 */
#include "relay/protocol/ws.h"

#include <assert.h>

#include "common/base/text.h"

/* Status codes of § 7.4.1; ws.h has the others. */
#define CODE_PROTOCOL_ERROR 1002
#define CODE_UNSUPPORTED 1003
#define CODE_NO_STATUS 1005

/* § 5.5 */
#define CONTROL_PAYLOAD_MAX 125

#define MASK_LEN 4

/* A frame's header: header_len bytes, of which the last four are the mask. */
struct header {
	bool is_final, is_packed;
	uint8_t opcode;
	size_t header_len;
	uint64_t payload_len;
};

void ws_release(struct ws *ws)
{
	buf_release(&ws->message);
	ws->fragments = 0;
}

static enum ws_result refuse_frame(struct ws_item *item, uint16_t code)
{
	item->code = code;
	return WS_BAD;
}

static bool is_control(uint8_t opcode)
{
	return (opcode & 0x8) != 0;
}

static uint64_t big_endian(const uint8_t *p, size_t len)
{
	uint64_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

/* Checks the first byte alone. 0, or the code to close with. */
static uint16_t check_first_byte(const struct ws *ws, uint8_t first)
{
	bool is_final = (first & WS_FIN) != 0;
	uint8_t opcode = first & 0x0f;

	if (first & 0x30) /* RSV2 and 3: no such extension was negotiated */
		return CODE_PROTOCOL_ERROR;
	/* RFC 7692 § 6: only on the first frame of a message */
	if ((first & WS_RSV1) && (!ws->may_pack || is_control(opcode) ||
				  opcode == WS_OP_CONTINUATION))
		return CODE_PROTOCOL_ERROR;
	switch (opcode) {
	case WS_OP_CONTINUATION:
		return ws->fragments > 0 ? 0 : CODE_PROTOCOL_ERROR;
	case WS_OP_TEXT:
		return ws->fragments == 0 ? 0 : CODE_PROTOCOL_ERROR;
	case WS_OP_BINARY:
		return ws->fragments == 0 ? CODE_UNSUPPORTED
					  : CODE_PROTOCOL_ERROR;
	case WS_OP_CLOSE:
	case WS_OP_PING:
	case WS_OP_PONG:
		return is_final ? 0 : CODE_PROTOCOL_ERROR;
	default:
		return CODE_PROTOCOL_ERROR;
	}
}

/* The length is final once its bytes are here: § 5.2 requires the shortest form
 * and a clear top bit. 0, or the code to close with. */
static uint16_t check_length(const struct ws *ws, const struct header *header,
			     size_t length_len, size_t max)
{
	uint64_t n = header->payload_len;

	if ((length_len == 2 && n < 126) ||
	    (length_len == 8 && (n <= UINT16_MAX || n >> 63)))
		return CODE_PROTOCOL_ERROR;
	if (is_control(header->opcode))
		return n > CONTROL_PAYLOAD_MAX ? CODE_PROTOCOL_ERROR : 0;
	return n > max - ws->message.len ? WS_CODE_TOO_LARGE : 0;
}

/* Returns WS_TEXT once the header is complete. */
static enum ws_result decode_header(const struct ws *ws, const uint8_t *in,
				    size_t len, size_t max,
				    struct header *header, struct ws_item *item)
{
	size_t length_len;
	uint16_t code;

	if (len == 0)
		return WS_NEED_MORE;
	if ((code = check_first_byte(ws, in[0])) != 0)
		return refuse_frame(item, code);
	if (len == 1)
		return WS_NEED_MORE;
	if ((in[1] & 0x80) == 0) /* § 5.1: a client must mask */
		return refuse_frame(item, CODE_PROTOCOL_ERROR);

	header->is_final = (in[0] & WS_FIN) != 0;
	header->is_packed = (in[0] & WS_RSV1) != 0;
	header->opcode = in[0] & 0x0f;
	header->payload_len = in[1] & 0x7f;
	length_len = header->payload_len == 126   ? 2
		     : header->payload_len == 127 ? 8
						  : 0;
	if (is_control(header->opcode) && length_len > 0)
		return refuse_frame(item, CODE_PROTOCOL_ERROR);
	if (len < 2 + length_len)
		return WS_NEED_MORE;
	if (length_len > 0)
		header->payload_len = big_endian(in + 2, length_len);
	if ((code = check_length(ws, header, length_len, max)) != 0)
		return refuse_frame(item, code);
	header->header_len = 2 + length_len + MASK_LEN;
	return len < header->header_len ? WS_NEED_MORE : WS_TEXT;
}

/* § 5.3; eight bytes at a time. */
static void unmask(char *payload, size_t len, const char *mask)
{
	uint64_t mask8, word;
	size_t i;

	memcpy(&mask8, mask, MASK_LEN);
	memcpy((char *)&mask8 + MASK_LEN, mask, MASK_LEN);
	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, payload + i, 8);
		word ^= mask8;
		memcpy(payload + i, &word, 8);
	}
	for (; i < len; i++)
		payload[i] ^= mask[i % MASK_LEN];
}

/* § 7.4: the codes that an endpoint may send. */
static bool is_close_code(uint64_t code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
		code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

static enum ws_result take_close(struct span payload, struct ws_item *item)
{
	uint64_t code;

	item->code = CODE_NO_STATUS;
	if (payload.len == 0)
		return WS_CLOSE;
	if (payload.len == 1)
		return refuse_frame(item, CODE_PROTOCOL_ERROR);
	code = big_endian((const uint8_t *)payload.ptr, 2);
	if (!is_close_code(code))
		return refuse_frame(item, CODE_PROTOCOL_ERROR);
	if (!text_is_utf8(span_of(payload.ptr + 2, payload.len - 2)))
		return refuse_frame(item, WS_CODE_INVALID_PAYLOAD);
	item->code = (uint16_t)code;
	return WS_CLOSE;
}

static enum ws_result take_message(const struct ws *ws, struct span message,
				   struct ws_item *item)
{
	item->payload = message;
	if (ws->is_packed)
		return WS_PACKED;
	if (!text_is_utf8(message))
		return refuse_frame(item, WS_CODE_INVALID_PAYLOAD);
	return WS_TEXT;
}

/* A frame of a fragmented message: § 5.4. */
static enum ws_result take_fragment(struct ws *ws, struct span payload,
				    bool is_final, struct ws_item *item)
{
	if (ws->fragments == WS_FRAGMENTS_MAX)
		return refuse_frame(item, WS_CODE_TOO_LARGE);
	ws->fragments++;
	buf_add_span(&ws->message, payload);
	if (!is_final)
		return WS_NEED_MORE;
	ws->fragments = 0;
	return take_message(ws, buf_span(&ws->message), item);
}

static enum ws_result take_frame(struct ws *ws, const struct header *header,
				 struct span payload, struct ws_item *item)
{
	item->payload = payload;
	switch (header->opcode) {
	case WS_OP_CLOSE:
		return take_close(payload, item);
	case WS_OP_PING:
		return WS_PING;
	case WS_OP_PONG:
		return WS_PONG;
	case WS_OP_TEXT:
		ws->is_packed = header->is_packed;
		if (header->is_final)
			return take_message(ws, payload, item);
		return take_fragment(ws, payload, false, item);
	default:
		return take_fragment(ws, payload, header->is_final, item);
	}
}

enum ws_result ws_next(struct ws *ws, char *in, size_t len, size_t max,
		       size_t *used, struct ws_item *item)
{
	size_t at = 0;

	/* the caller has read the message of the last call */
	if (ws->fragments == 0 && ws->message.cap > 0)
		buf_release(&ws->message);

	*used = 0;
	for (;;) {
		struct header header;
		enum ws_result result;
		char *payload;

		result = decode_header(ws, (const uint8_t *)in + at, len - at,
				       max, &header, item);
		if (result != WS_TEXT)
			return result;
		if (header.payload_len > len - at - header.header_len)
			return WS_NEED_MORE;

		payload = in + at + header.header_len;
		unmask(payload, (size_t)header.payload_len, payload - MASK_LEN);
		at += header.header_len + (size_t)header.payload_len;
		*used = at;
		result = take_frame(
			ws, &header,
			span_of(payload, (size_t)header.payload_len), item);
		if (result != WS_NEED_MORE)
			return result;
	}
}

size_t ws_encode_header(uint8_t header[WS_HEADER_MAX], enum ws_opcode opcode,
			uint64_t payload_len)
{
	size_t length_len, i;

	header[0] = (uint8_t)(WS_FIN | opcode);
	if (payload_len < 126) {
		header[1] = (uint8_t)payload_len;
		return 2;
	}
	length_len = payload_len <= UINT16_MAX ? 2 : 8;
	header[1] = length_len == 2 ? 126 : 127;
	for (i = 0; i < length_len; i++)
		header[2 + i] =
			(uint8_t)(payload_len >> (8 * (length_len - 1 - i)));
	return 2 + length_len;
}
