/* SPDX-License-Identifier: MIT
 *
 * What waits to be sent to one peer: references to frames, in order, the first
 * of them perhaps sent in part. How they are held is this file's secret.
 * Embedded in its owner. Pure.
 */
#ifndef RELAY_OUTBUF_H
#define RELAY_OUTBUF_H

#include <sys/uio.h>

#include "relay/frame.h"

/* A reference in the ring, and a frame of its own that malloc rounds up. */
#define OUTBUF_FRAME_COST 64

/*
 * ring[head], ring[head + 1], … count of them, modulo cap (a power of two);
 * offset bytes of the first are sent; bytes is what is still to be sent.
 */
struct outbuf {
	struct frame **ring;
	uint32_t head, count, cap;
	uint32_t offset;
	uint32_t bytes;
};

#define OUTBUF_INIT                                                            \
	{                                                                      \
		NULL, 0, 0, 0, 0, 0                                            \
	}

/* Drops everything; the outbuf can be used again. */
void outbuf_release(struct outbuf *outbuf);

/* Takes a reference of its own. */
void outbuf_push(struct outbuf *outbuf, struct frame *frame);

/* Drops all but a first frame that was sent in part, which must be completed
 * before anything else can be said. */
void outbuf_drop_unsent(struct outbuf *outbuf);

/* The next bytes to send, as up to max vectors; returns how many. */
int outbuf_peek(const struct outbuf *outbuf, struct iovec *iov, int max);

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
