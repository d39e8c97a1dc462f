/* SPDX-License-Identifier: MIT
 *
 * What is wrong with a request of an app's server, in the form that server
 * libraries show to people: a line of plain text. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_FAULT_H
#define MESSAGES_FCGI_HTTP_FAULT_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Owned by the handler, who calls fault_release; all zero at first. */
struct fault {
	int status;
	struct buf text;
};

/* Returns -1, so that a check can end in `return fault_set(…)`. */
int fault_set(struct fault *fault, int status, const char *text, ...)
	PRINTF_LIKE(3, 4);

void fault_release(struct fault *fault);

#endif
