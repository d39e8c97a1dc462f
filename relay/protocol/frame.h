/* SPDX-License-Identifier: MIT
 *
 * A WebSocket frame as it goes out: encoded once, shared by every queue that
 * it stands in, freed by the last. Pure.
 */
#ifndef RELAY_PROTOCOL_FRAME_H
#define RELAY_PROTOCOL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "relay/protocol/ws.h"

/* Immutable but for the count, which needs no lock: a worker is one thread; and
 * for the twin, which relay/packer makes when somebody first needs it. */
struct frame {
	uint32_t refs;
	uint32_t len;
	/* The same message compressed, owned; or the frame itself, if that is
	 * no gain or not allowed; NULL: not tried. */
	struct frame *twin;
	char data[];
};

/* The caller owns one reference. */
struct frame *frame_new(enum ws_opcode opcode, struct span payload);

/* A text message that is never compressed: something in it is a secret, and
 * something somebody else's choice. How long both together are when they are
 * compressed would tell how alike they are. */
struct frame *frame_new_secret(struct span payload);

/* A Close frame; reason is at most 123 bytes. */
struct frame *frame_new_close(uint16_t code, const char *reason);

/* A text message, compressed: RSV1 says so, RFC 7692 § 6. */
struct frame *frame_new_packed(struct span payload);

/* Bytes that are no frame: the answer to the handshake. */
struct frame *frame_new_raw(struct span bytes);

static inline struct frame *frame_ref(struct frame *frame)
{
	frame->refs++;
	return frame;
}

/* The payload of a text message that is not compressed; absent if the frame is
 * anything else. */
struct span frame_text(const struct frame *frame);

/* Gives a reference back. */
void frame_unref(struct frame *frame);

#endif
