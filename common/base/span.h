/* SPDX-License-Identifier: MIT
 *
 * A pointer to bytes that somebody else owns, and their number; there is no NUL
 * at the end. A span is valid as long as the memory that it points into. A span
 * with ptr NULL is absent, which differs from empty.
 */
#ifndef COMMON_BASE_SPAN_H
#define COMMON_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

static inline struct span span_of(const char *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

/* The span is absent if s is NULL. */
static inline struct span span_str(const char *s)
{
	return (struct span){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool span_is(struct span a, const char *s)
{
	return a.ptr != NULL && a.len == strlen(s) &&
	       memcmp(a.ptr, s, a.len) == 0;
}

static inline bool span_equal(struct span a, struct span b)
{
	return (a.ptr == NULL) == (b.ptr == NULL) && a.len == b.len &&
	       (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_starts(struct span a, const char *prefix)
{
	size_t len = strlen(prefix);

	return len == 0 || (a.len >= len && memcmp(a.ptr, prefix, len) == 0);
}

#endif
