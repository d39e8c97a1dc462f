/* SPDX-License-Identifier: MIT
 *
 * Includes cmocka and the headers that it requires before it, and defines the
 * helpers that several unit tests share.
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

/* A test. Its name is the sentence that it proves. */
#define TEST(sentence)                                                         \
	static void sentence(void **state __attribute__((unused)))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The span of a literal, which may contain NUL. */
#define SPAN(literal) span_of(literal, sizeof(literal) - 1)

/* A copy in a block of exactly its length, so that the address sanitizer
 * detects a read beyond its end. The caller passes it to unbox. */
static inline struct span boxed(struct span s)
{
	char *copy = malloc(s.len > 0 ? s.len : 1);

	assert_non_null(copy);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	/* an empty span points behind the only byte of its block */
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

/* Compares and clears the buf, so that a test can reuse it. */
static inline void check_buf(struct buf *buf, struct span want,
			     const char *file, int line)
{
	check_span(span_of(buf->len ? buf->data : "", buf->len), want, file,
		   line);
	buf_clear(buf);
}

#define assert_buf(buf, want) check_buf(buf, SPAN(want), __FILE__, __LINE__)

/* A pseudo-random number, the same in every run: the generator of Numerical
 * Recipes without its low bits, which repeat. */
static inline uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Runs fn in a child process and writes its standard output and error to said,
 * at most size - 1 bytes and a NUL. Returns the exit status, or minus the
 * signal. */
int run_child(void (*fn)(void), char *said, size_t size);

#endif
