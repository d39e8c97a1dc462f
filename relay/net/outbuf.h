/* SPDX-License-Identifier: MIT
 *
 * The send queue of one peer: references to frames, in order. The first may be
 * sent in part. Callers must not rely on the representation. Embedded in its
 * owner. Pure.
 */
#ifndef RELAY_NET_OUTBUF_H
#define RELAY_NET_OUTBUF_H

#include <stdbool.h>

#include "relay/protocol/frame.h"

/* Bytes of a reference and a frame's header, as malloc rounds them up. */
#define OUTBUF_FRAME_COST 64

struct outbuf_ring;

/*
 * Of count frames, offset bytes of the first are sent and bytes bytes remain.
 * An empty outbuf owns no memory, since most outbufs are empty.
 */
struct outbuf {
	union {
		struct frame *only;       /* count is 1 at most */
		struct outbuf_ring *ring; /* has_ring */
	};
	uint32_t count;
	uint32_t offset;
	uint32_t bytes;
	bool has_ring;
};

/* All zero is an empty outbuf. */
#define OUTBUF_INIT                                                            \
	{                                                                      \
		.count = 0                                                     \
	}

/* Drops everything; the outbuf can be used again. */
void outbuf_release(struct outbuf *outbuf);

/* Takes a reference of its own. */
void outbuf_push(struct outbuf *outbuf, struct frame *frame);

/* Drops all frames but a first one that was sent in part: the rest of it must
 * precede any other frame. */
void outbuf_drop_unsent(struct outbuf *outbuf);

/* The next bytes to send, contiguous: one frame in place, or as much of several
 * as fits, copied into scratch. Empty if the outbuf is. A copy costs less than
 * an iovec of small pieces. */
struct span outbuf_peek(const struct outbuf *outbuf, char *scratch,
			size_t size);

/* Removes the first len bytes that outbuf_peek returned. */
void outbuf_consume(struct outbuf *outbuf, size_t len);

/* Memory cost in bytes: small frames cost more than their contents. */
static inline size_t outbuf_cost(const struct outbuf *outbuf)
{
	return outbuf->bytes + (size_t)outbuf->count * OUTBUF_FRAME_COST;
}

static inline bool outbuf_is_empty(const struct outbuf *outbuf)
{
	return outbuf->count == 0;
}

#endif
