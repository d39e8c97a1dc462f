/* SPDX-License-Identifier: MIT
 *
 * A growing array of bytes.
 */
#include "common/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"

/* The first allocation: less would cost more calls than it saves memory. */
#define CAP_MIN 64

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

char *buf_reserve(struct buf *buf, size_t len)
{
	assert(len <= SIZE_MAX / 2 - buf->len);
	if (buf->data == NULL || buf->cap - buf->len < len) {
		size_t cap = buf->cap ? buf->cap : CAP_MIN;

		while (cap - buf->len < len)
			cap *= 2;
		buf->data = xrealloc(buf->data, cap);
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *ptr, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(buf, len), ptr, len);
	buf->len += len;
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);

	/* one byte more for vsnprintf's NUL, which buf->len does not count */
	buf_reserve(buf, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
}

void buf_add_int(struct buf *buf, int64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		digits[--at] = '-';
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_drop(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	buf->len -= len;
	if (buf->len > 0)
		memmove(buf->data, buf->data + len, buf->len);
}
