/* SPDX-License-Identifier: MIT
 *
 * Compression of messages, RFC 7692. Each message stands for itself, no context
 * is taken over: so one state serves all connections of a worker, and what many
 * are sent is compressed once. Pure.
 */
#ifndef RELAY_PROTOCOL_DEFLATE_H
#define RELAY_PROTOCOL_DEFLATE_H

#include "relay/protocol/frame.h"

/* A smaller message saves less than the packet around it weighs. */
#define DEFLATE_MIN_BYTES 256

struct deflate;

struct deflate *deflate_new(void);
void deflate_free(struct deflate *deflater);

/* What to send in the place of frame to who negotiated compression: its twin,
 * made once; or frame itself, if it is no text message, or a small or secret
 * one, or gets no smaller. Borrowed from frame. */
struct frame *deflate_pack(struct deflate *deflater, struct frame *frame);

/* Takes a WS_PACKED for what it is: WS_TEXT, whose payload is good until the
 * next call; or WS_BAD. No more than max bytes are ever unpacked. */
enum ws_result deflate_unpack(struct deflate *deflater, struct ws_item *item,
			      size_t max);

#endif
