/* SPDX-License-Identifier: MIT
 *
 * What waits to be sent to one peer: references to frames, in order, the first
 * of them perhaps sent in part. How they are held is this file's secret.
 * Embedded in its owner. Pure.
 */
#ifndef RELAY_NET_OUTBUF_H
#define RELAY_NET_OUTBUF_H

#include <stdbool.h>

#include "relay/protocol/frame.h"

/* A reference, and a frame of its own that malloc rounds up. */
#define OUTBUF_FRAME_COST 64

struct outbuf_ring;

/*
 * offset bytes of the first of count frames are sent; bytes is what is still to
 * be sent. Of an empty one there is nothing else: there are many of them.
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

/* All zero is an empty one. */
#define OUTBUF_INIT                                                            \
	{                                                                      \
		.count = 0                                                     \
	}

/* Drops everything; the outbuf can be used again. */
void outbuf_release(struct outbuf *outbuf);

/* Takes a reference of its own. */
void outbuf_push(struct outbuf *outbuf, struct frame *frame);

/* Drops all but a first frame that was sent in part, which must be completed
 * before anything else can be said. */
void outbuf_drop_unsent(struct outbuf *outbuf);

/* The next bytes to send, in one piece: a frame as it lies, or what fits of
 * several, copied into scratch. Empty if there are none. A copy costs less than
 * telling the kernel of the pieces does. */
struct span outbuf_peek(const struct outbuf *outbuf, char *scratch,
			size_t size);

/* len bytes of what outbuf_peek showed are sent. */
void outbuf_consume(struct outbuf *outbuf, size_t len);

/* What the outbuf costs, in bytes: small frames cost more than they hold. */
static inline size_t outbuf_cost(const struct outbuf *outbuf)
{
	return outbuf->bytes + (size_t)outbuf->count * OUTBUF_FRAME_COST;
}

static inline bool outbuf_is_empty(const struct outbuf *outbuf)
{
	return outbuf->count == 0;
}

#endif
