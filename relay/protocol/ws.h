/* SPDX-License-Identifier: MIT
 *
 * WebSocket framing, RFC 6455, the server's side. Pure: bytes in, messages out;
 * any split of the bytes gives the same messages. Of extensions it knows only
 * the bit that RFC 7692 sets on a compressed message.
 */
#ifndef RELAY_PROTOCOL_WS_H
#define RELAY_PROTOCOL_WS_H

#include <stdint.h>

#include "common/base/buf.h"

enum ws_opcode {
	WS_OP_CONTINUATION = 0x0,
	WS_OP_TEXT = 0x1,
	WS_OP_BINARY = 0x2,
	WS_OP_CLOSE = 0x8,
	WS_OP_PING = 0x9,
	WS_OP_PONG = 0xa,
};

/* In the first byte of a frame. */
#define WS_FIN 0x80
#define WS_RSV1 0x40

/* Codes of § 7.4.1 that unpacking a message needs, too. */
#define WS_CODE_INVALID_PAYLOAD 1007
#define WS_CODE_TOO_LARGE 1009

/* Longest header that ws_encode_header writes, in bytes. */
#define WS_HEADER_MAX 10

/* The maximum number of frames in a fragmented message: a peer that needs more
 * makes us work for nothing. */
#define WS_FRAGMENTS_MAX 256

/* The state of a message whose last fragment has not arrived. */
struct ws {
	struct buf message;
	uint16_t fragments; /* 0: no message is open */
	bool may_pack;      /* set by the owner: RSV1 was negotiated */
	bool is_packed;     /* the message */
};

enum ws_result {
	WS_NEED_MORE = 0, /* call again with more bytes behind these */
	WS_TEXT,          /* a whole message, valid UTF-8 */
	WS_PING,
	WS_PONG,
	WS_CLOSE,  /* code: the peer's, 1005 if it gave none */
	WS_BAD,    /* code: to close with; nothing more can be read */
	WS_PACKED, /* a whole message, still compressed */
};

struct ws_item {
	/* Of WS_TEXT, WS_PACKED, WS_PING, WS_PONG; valid until in changes or
	 * the next call of ws_next. */
	struct span payload;
	uint16_t code;
};

void ws_release(struct ws *ws);

/* Reads the next item from in[0 .. len), unmasks it in place, and sets *used to
 * the number of bytes consumed. max: the maximum size of a message in bytes,
 * packed or not. */
enum ws_result ws_next(struct ws *ws, char *in, size_t len, size_t max,
		       size_t *used, struct ws_item *item);

/* Writes the header of an unfragmented, unmasked frame. Returns its length. */
size_t ws_encode_header(uint8_t header[WS_HEADER_MAX], enum ws_opcode opcode,
			uint64_t payload_len);

#endif
