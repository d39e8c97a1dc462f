/* SPDX-License-Identifier: MIT
 *
 * A ring of references to frames.
 */
#include "relay/outbuf.h"

#include <assert.h>
#include <stdlib.h>

#include "common/alloc.h"

#define CAP_MIN 4

static struct frame **slot(const struct outbuf *outbuf, uint32_t i)
{
	return &outbuf->ring[(outbuf->head + i) & (outbuf->cap - 1)];
}

static void grow(struct outbuf *outbuf)
{
	uint32_t cap = outbuf->cap ? outbuf->cap * 2 : CAP_MIN, i;
	struct frame **ring = xmalloc(cap * sizeof(*ring));

	for (i = 0; i < outbuf->count; i++)
		ring[i] = *slot(outbuf, i);
	free(outbuf->ring);
	outbuf->ring = ring;
	outbuf->cap = cap;
	outbuf->head = 0;
}

void outbuf_release(struct outbuf *outbuf)
{
	uint32_t i;

	for (i = 0; i < outbuf->count; i++)
		frame_unref(*slot(outbuf, i));
	free(outbuf->ring);
	*outbuf = (struct outbuf)OUTBUF_INIT;
}

void outbuf_push(struct outbuf *outbuf, struct frame *frame)
{
	if (outbuf->count == outbuf->cap)
		grow(outbuf);
	*slot(outbuf, outbuf->count++) = frame_ref(frame);
	outbuf->bytes += frame->len;
}

void outbuf_drop_unsent(struct outbuf *outbuf)
{
	uint32_t keep = outbuf->offset > 0 ? 1 : 0;

	while (outbuf->count > keep) {
		struct frame *last = *slot(outbuf, --outbuf->count);

		outbuf->bytes -= last->len;
		frame_unref(last);
	}
}

int outbuf_peek(const struct outbuf *outbuf, struct iovec *iov, int max)
{
	uint32_t offset = outbuf->offset, i;

	for (i = 0; i < outbuf->count && i < (uint32_t)max; i++) {
		struct frame *frame = *slot(outbuf, i);

		iov[i].iov_base = frame->data + offset;
		iov[i].iov_len = frame->len - offset;
		offset = 0;
	}
	return (int)i;
}

void outbuf_consume(struct outbuf *outbuf, size_t len)
{
	assert(len <= outbuf->bytes);
	outbuf->bytes -= (uint32_t)len;
	len += outbuf->offset;
	while (outbuf->count > 0 && len >= (*slot(outbuf, 0))->len) {
		struct frame *first = *slot(outbuf, 0);

		len -= first->len;
		frame_unref(first);
		outbuf->head = (outbuf->head + 1) & (outbuf->cap - 1);
		outbuf->count--;
	}
	outbuf->offset = (uint32_t)len;
}
