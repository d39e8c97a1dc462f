/* SPDX-License-Identifier: MIT
 *
 * The id of a message in its room, and the time when it was published, as text
 * in the message: "@ID TIME;". A server may wrap the text in any way.
 */
#ifndef TESTS_BENCH_STAMP_H
#define TESTS_BENCH_STAMP_H

#include <time.h>

#include "common/base/buf.h"

struct stamp {
	uint64_t id; /* 1, 2, … in each room */
	uint64_t ns; /* from stamp_now */
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

/* Reads the digits at *at, and moves *at behind the character after them. */
static inline uint64_t stamp_number(const char **at, const char *end)
{
	uint64_t n = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		n = n * 10 + (uint64_t)(**at - '0');
	(*at)++;
	return n;
}

/* Returns false if the text has no stamp. */
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
