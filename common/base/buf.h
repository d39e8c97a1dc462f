/* SPDX-License-Identifier: MIT
 *
 * A buffer of bytes that grows. It is embedded in its owner, which calls
 * buf_release. data[0 .. len) holds the added bytes, without a NUL at the end.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct buf {
	char *data;
	size_t len, cap;
};

#define BUF_INIT                                                               \
	{                                                                      \
		NULL, 0, 0                                                     \
	}

/* Frees the memory. The buf is then empty and can be used again. */
void buf_release(struct buf *buf);

/* Makes room for len more bytes and returns a pointer to it. The caller writes
 * there and adds the number of bytes that it wrote to buf->len. */
char *buf_reserve(struct buf *buf, size_t len);

void buf_add(struct buf *buf, const void *ptr, size_t len);
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Adds n in decimal, several times faster than buf_addf. */
void buf_add_int(struct buf *buf, int64_t n);

/* Removes the first len bytes, len <= buf->len. */
void buf_drop(struct buf *buf, size_t len);

static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}

static inline void buf_add_str(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

static inline void buf_add_span(struct buf *buf, struct span s)
{
	buf_add(buf, s.ptr, s.len);
}

static inline void buf_add_char(struct buf *buf, char c)
{
	*buf_reserve(buf, 1) = c;
	buf->len++;
}

static inline struct span buf_span(const struct buf *buf)
{
	return span_of(buf->data, buf->len);
}

#endif
