/* SPDX-License-Identifier: MIT
 *
 * A reference to a frame, or a ring of them.
 */
#include "relay/net/outbuf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* Frames that a window collects for a busy subscriber. */
#define CAP_MIN 8

/* frames[head], frames[head + 1], … modulo cap, a power of two. */
struct outbuf_ring {
	uint32_t head, cap;
	struct frame *frames[];
};

static struct frame **slot(struct outbuf_ring *ring, uint32_t i)
{
	return &ring->frames[(ring->head + i) & (ring->cap - 1)];
}

static struct frame *get(const struct outbuf *outbuf, uint32_t i)
{
	return outbuf->has_ring ? *slot(outbuf->ring, i) : outbuf->only;
}

static uint32_t capacity(const struct outbuf *outbuf)
{
	return outbuf->has_ring ? outbuf->ring->cap : 1;
}

static void grow(struct outbuf *outbuf)
{
	uint32_t cap = outbuf->has_ring ? outbuf->ring->cap * 2 : CAP_MIN, i;
	struct outbuf_ring *ring =
		xmalloc(sizeof(*ring) + cap * sizeof(*ring->frames));

	for (i = 0; i < outbuf->count; i++)
		ring->frames[i] = get(outbuf, i);
	if (outbuf->has_ring)
		free(outbuf->ring);
	ring->head = 0;
	ring->cap = cap;
	outbuf->ring = ring;
	outbuf->has_ring = true;
}

/* Takes the first frame out. */
static void shift(struct outbuf *outbuf)
{
	frame_unref(get(outbuf, 0));
	outbuf->count--;
	if (outbuf->has_ring)
		outbuf->ring->head++;
}

/* An empty outbuf holds no memory. */
static void drop_ring_if_empty(struct outbuf *outbuf)
{
	if (outbuf->count > 0 || !outbuf->has_ring)
		return;
	free(outbuf->ring);
	outbuf->has_ring = false;
}

void outbuf_release(struct outbuf *outbuf)
{
	while (outbuf->count > 0)
		shift(outbuf);
	drop_ring_if_empty(outbuf);
	*outbuf = (struct outbuf)OUTBUF_INIT;
}

void outbuf_push(struct outbuf *outbuf, struct frame *frame)
{
	if (outbuf->count == capacity(outbuf))
		grow(outbuf);
	if (outbuf->has_ring)
		*slot(outbuf->ring, outbuf->count) = frame;
	else
		outbuf->only = frame;
	frame_ref(frame);
	outbuf->count++;
	outbuf->bytes += frame->len;
}

void outbuf_drop_unsent(struct outbuf *outbuf)
{
	uint32_t keep = outbuf->offset > 0 ? 1 : 0;

	while (outbuf->count > keep) {
		struct frame *last = get(outbuf, --outbuf->count);

		outbuf->bytes -= last->len;
		frame_unref(last);
	}
	drop_ring_if_empty(outbuf);
}

struct span outbuf_peek(const struct outbuf *outbuf, char *scratch, size_t size)
{
	uint32_t offset = outbuf->offset, i;
	size_t len = 0;

	if (outbuf->count == 0)
		return span_of(NULL, 0);
	if (outbuf->count == 1 || get(outbuf, 0)->len - offset >= size)
		return span_of(get(outbuf, 0)->data + offset,
			       get(outbuf, 0)->len - offset);
	for (i = 0; i < outbuf->count && len < size; i++) {
		const struct frame *frame = get(outbuf, i);
		size_t part = frame->len - offset;

		if (part > size - len)
			part = size - len;
		memcpy(scratch + len, frame->data + offset, part);
		len += part;
		offset = 0;
	}
	return span_of(scratch, len);
}

void outbuf_consume(struct outbuf *outbuf, size_t len)
{
	assert(len <= outbuf->bytes);
	outbuf->bytes -= (uint32_t)len;
	len += outbuf->offset;
	while (outbuf->count > 0 && len >= get(outbuf, 0)->len) {
		len -= get(outbuf, 0)->len;
		shift(outbuf);
	}
	outbuf->offset = (uint32_t)len;
	drop_ring_if_empty(outbuf);
}
