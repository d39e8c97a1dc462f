/* SPDX-License-Identifier: MIT
 *
 * A WebSocket frame as it goes out: encoded once, shared by every queue that
 * it stands in, freed by the last. Pure.
 */
#ifndef RELAY_FRAME_H
#define RELAY_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "relay/ws.h"

/* Immutable but for the count, which needs no lock: a worker is one thread. */
struct frame {
	uint32_t refs;
	uint32_t len;
	char data[];
};

/* The caller owns one reference. */
struct frame *frame_new(enum ws_opcode opcode, struct span payload);

/* A Close frame; reason is at most 123 bytes. */
struct frame *frame_new_close(uint16_t code, const char *reason);

/* Bytes that are no frame: the answer to the handshake. */
struct frame *frame_new_raw(struct span bytes);

static inline struct frame *frame_ref(struct frame *frame)
{
	frame->refs++;
	return frame;
}

/* Gives a reference back. */
void frame_unref(struct frame *frame);

#endif
