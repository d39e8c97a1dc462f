/* SPDX-License-Identifier: MIT
 *
 * The HTTP endpoints for operators: /healthz, /readyz and /metrics. Pure: it
 * turns the bytes of a request into those of the response; a handler supplies
 * the content.
 */
#ifndef COMMON_DAEMON_OPS_H
#define COMMON_DAEMON_OPS_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Longest request head. */
#define OPS_REQUEST_MAX_BYTES 4096

enum ops_health {
	OPS_GOOD = 0,
	OPS_DEGRADED, /* serves with limits: status 200 */
	OPS_BAD,      /* status 503 */
};

struct ops_handler {
	/* Each adds the fault to why, as a line without its line break, or
	 * nothing. */
	enum ops_health (*alive)(void *ctx, struct buf *why);
	enum ops_health (*ready)(void *ctx, struct buf *why);
	/* Adds the text of all metrics. */
	void (*metrics)(void *ctx, struct buf *text);
	void *ctx;
};

/* Adds the whole response to out and returns 0: the connection is then to be
 * closed. -1 if more bytes of the request are needed. */
int ops_answer(const struct ops_handler *handler, struct span in,
	       struct buf *out) MUST_CHECK;

#endif
