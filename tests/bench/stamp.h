/* SPDX-License-Identifier: MIT
 *
 * What a message of the load says to those that receive it: which of its room
 * it is, and when it was published. It stands in the text, "@ID TIME;", so it
 * survives whatever a server wraps around it.
 */
#ifndef TESTS_BENCH_STAMP_H
#define TESTS_BENCH_STAMP_H

#include <time.h>

#include "common/base/buf.h"

struct stamp {
	uint64_t id; /* 1, 2, … in each room */
	uint64_t ns; /* of stamp_now */
};

static inline uint64_t stamp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void stamp_add(struct buf *buf, const struct stamp *stamp)
{
	buf_add_char(buf, '@');
	buf_add_int(buf, (int64_t)stamp->id);
	buf_add_char(buf, ' ');
	buf_add_int(buf, (int64_t)stamp->ns);
	buf_add_char(buf, ';');
}

/* The digits at *at, which ends behind the character that ends them. */
static inline uint64_t stamp_number(const char **at, const char *end)
{
	uint64_t n = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		n = n * 10 + (uint64_t)(**at - '0');
	(*at)++;
	return n;
}

/* false: there is none in it. */
static inline bool stamp_find(struct span text, struct stamp *stamp)
{
	const char *end = text.ptr + text.len;
	const char *at = text.len ? memchr(text.ptr, '@', text.len) : NULL;

	if (at == NULL)
		return false;
	at++;
	stamp->id = stamp_number(&at, end);
	stamp->ns = stamp_number(&at, end);
	return true;
}

#endif
