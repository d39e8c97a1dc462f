/* SPDX-License-Identifier: MIT
 *
 * An outgoing WebSocket frame: encoded once, shared by every queue that holds
 * it, freed with its last reference. Pure.
 */
#ifndef RELAY_PROTOCOL_FRAME_H
#define RELAY_PROTOCOL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "relay/protocol/ws.h"

/* Immutable but for the count, which needs no lock because a worker has one
 * thread, and the twin, which deflate.c makes on first use. */
struct frame {
	uint32_t refs;
	uint32_t len;
	/* The same message compressed, owned; or the frame itself, if
	 * compression gains nothing or is not allowed; NULL: not tried. */
	struct frame *twin;
	char data[];
};

/* The caller owns one reference. */
struct frame *frame_new(enum ws_opcode opcode, struct span payload);

/* A text message that is never compressed, because it holds a secret beside
 * text that somebody else chose. The compressed length of both together would
 * reveal how alike they are. */
struct frame *frame_new_secret(struct span payload);

/* A Close frame; reason is at most 123 bytes. */
struct frame *frame_new_close(uint16_t code, const char *reason);

/* A compressed text message: RSV1 is set, RFC 7692 § 6. */
struct frame *frame_new_packed(struct span payload);

/* Bytes outside of any frame: the answer to the handshake. */
struct frame *frame_new_raw(struct span bytes);

static inline struct frame *frame_ref(struct frame *frame)
{
	frame->refs++;
	return frame;
}

/* The payload of an uncompressed text message; absent for any other frame. */
struct span frame_text(const struct frame *frame);

/* Drops a reference. */
void frame_unref(struct frame *frame);

#endif
