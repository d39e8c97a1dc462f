/* SPDX-License-Identifier: MIT
 *
 * The error answer to an app's server: a status and a line of plain text, which
 * server libraries show to people. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_API_ERROR_H
#define MESSAGES_FCGI_HTTP_API_ERROR_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Owned by the handler, which calls api_error_release. Starts all zero. */
struct api_error {
	int status;
	struct buf text;
};

/* Returns -1, so that a check can end in `return api_error_set(…)`. */
int api_error_set(struct api_error *error, int status, const char *text, ...)
	PRINTF_LIKE(3, 4);

void api_error_release(struct api_error *error);

#endif
