/* SPDX-License-Identifier: MIT
 *
 * What those who operate a program ask it, by HTTP: is it alive, is it ready,
 * what has it counted. Pure: bytes in, bytes out; what is answered is its
 * handler's.
 */
#ifndef COMMON_DAEMON_OPS_H
#define COMMON_DAEMON_OPS_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Longest request head. Those who ask are few, and have little to say. */
#define OPS_REQUEST_MAX_BYTES 4096

enum ops_health {
	OPS_GOOD = 0,
	OPS_DEGRADED, /* it serves, but not as well as it could: 200 */
	OPS_BAD,      /* 503 */
};

struct ops_handler {
	/* These add what is wrong: one line without its end, or nothing. */
	enum ops_health (*alive)(void *ctx, struct buf *why);
	enum ops_health (*ready)(void *ctx, struct buf *why);
	/* Adds all of them as text. */
	void (*metrics)(void *ctx, struct buf *text);
	void *ctx;
};

/* Adds the whole answer to out, after which the connection ends: 0. -1 if more
 * bytes are needed. */
int ops_answer(const struct ops_handler *handler, struct span in,
	       struct buf *out) MUST_CHECK;

#endif
