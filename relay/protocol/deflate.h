/* SPDX-License-Identifier: MIT
 *
 * Compression of messages, RFC 7692. No context is kept between messages, so
 * one state serves all connections of a worker, and a message to many clients
 * is compressed once. Pure.
 */
#ifndef RELAY_PROTOCOL_DEFLATE_H
#define RELAY_PROTOCOL_DEFLATE_H

#include "relay/protocol/frame.h"

/* Below this size compression saves less than the packet headers weigh. */
#define DEFLATE_MIN_BYTES 256

struct deflate;

struct deflate *deflate_new(void);
void deflate_free(struct deflate *deflater);

/* Returns the frame to send to a client that negotiated compression: the
 * compressed twin of frame, made once; or frame itself, if it is no text
 * message, is small or secret, or gets no smaller. Borrowed from frame. */
struct frame *deflate_pack(struct deflate *deflater, struct frame *frame);

/* Unpacks a WS_PACKED into a WS_TEXT, whose payload is valid until the next
 * call, or into a WS_BAD. Never unpacks more than max bytes. */
enum ws_result deflate_unpack(struct deflate *deflater, struct ws_item *item,
			      size_t max);

#endif
