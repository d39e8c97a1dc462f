/* SPDX-License-Identifier: MIT
 *
 * cmocka with what it wants included before it, and the few things that more
 * than one unit test needs.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/span.h"

/* A test, named by the sentence that it proves. */
#define TEST(sentence)                                                         \
	static void sentence(void **state __attribute__((unused)))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The span of a literal, which may hold NUL. */
#define SPAN(literal) span_of(literal, sizeof(literal) - 1)

/* A copy in a block of exactly its length, so that the address sanitizer sees
 * a read of one byte too many. The caller frees ptr. */
static inline struct span boxed(struct span s)
{
	char *copy = malloc(s.len > 0 ? s.len : 1);

	assert_non_null(copy);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	/* an empty span points behind its block's only byte */
	return span_of(s.len > 0 ? copy : copy + 1, s.len);
}

static inline void unbox(struct span s)
{
	free((char *)(uintptr_t)(s.len > 0 ? s.ptr : s.ptr - 1));
}

static inline void check_span(struct span s, struct span want, const char *file,
			      int line)
{
	if (span_equal(s, want))
		return;
	print_error("got  '%.*s'%s\nwant '%.*s'%s\n", (int)s.len,
		    s.ptr ? s.ptr : "", s.ptr ? "" : " (absent)", (int)want.len,
		    want.ptr ? want.ptr : "", want.ptr ? "" : " (absent)");
	_fail(file, line);
}

#define assert_span(s, want) check_span(s, want, __FILE__, __LINE__)

/* Empties the buf, so that one serves a test. */
static inline void check_buf(struct buf *buf, struct span want,
			     const char *file, int line)
{
	check_span(span_of(buf->len ? buf->data : "", buf->len), want, file,
		   line);
	buf_clear(buf);
}

#define assert_buf(buf, want) check_buf(buf, SPAN(want), __FILE__, __LINE__)

/* A number that looks random and is the same in every run (Numerical Recipes'
 * generator, without its low bits, which repeat). */
static inline uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Runs fn in a child whose standard output and error go to *said, up to size
 * - 1 bytes, NUL-terminated. Returns the exit status, or minus the signal. */
int run_child(void (*fn)(void), char *said, size_t size);

#endif
