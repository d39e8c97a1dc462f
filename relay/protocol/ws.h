/* SPDX-License-Identifier: MIT
 *
 * WebSocket framing, RFC 6455, the server's side. Pure: bytes in, messages
 * out; any split of the bytes gives the same messages. Of extensions it knows
 * the bit that RFC 7692 gives to a compressed message, and no more.
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

/* Codes of § 7.4.1 that who unpacks a message needs, too. */
#define WS_CODE_INVALID_PAYLOAD 1007
#define WS_CODE_TOO_LARGE 1009

/* Longest header that ws_encode_header writes. */
#define WS_HEADER_MAX 10

/* Most frames a fragmented message may come in: a peer that needs more is
 * making us work for nothing. */
#define WS_FRAGMENTS_MAX 256

/* What is known of a message whose last fragment has not come yet. */
struct ws {
	struct buf message;
	uint16_t fragments; /* 0: no message is open */
	bool may_pack;      /* set by the owner: RSV1 was negotiated */
	bool is_packed;     /* the message */
};

enum ws_result {
	WS_NEED_MORE = 0, /* come again with more bytes behind these */
	WS_TEXT,          /* a whole message, valid UTF-8 */
	WS_PING,
	WS_PONG,
	WS_CLOSE,  /* code: the peer's, 1005 if it gave none */
	WS_BAD,    /* code: what to close with; nothing more can be read */
	WS_PACKED, /* a whole message, compressed; what it says is unknown */
};

struct ws_item {
	/* Of WS_TEXT, WS_PACKED, WS_PING, WS_PONG; good until in changes or
	 * ws_next is called again. */
	struct span payload;
	uint16_t code;
};

void ws_release(struct ws *ws);

/* Takes the next item off in[0 .. len), which is unmasked in place, and says
 * in *used how many bytes are done with. max: most bytes of a message, packed
 * or not. */
enum ws_result ws_next(struct ws *ws, char *in, size_t len, size_t max,
		       size_t *used, struct ws_item *item);

/* Writes the header of an unfragmented, unmasked frame; returns its length. */
size_t ws_encode_header(uint8_t header[WS_HEADER_MAX], enum ws_opcode opcode,
			uint64_t payload_len);

#endif
