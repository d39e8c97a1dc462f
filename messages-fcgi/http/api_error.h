/* SPDX-License-Identifier: MIT
 *
 * What is wrong with a request of an app's server, in the form that server
 * libraries show to people: a line of plain text. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_API_ERROR_H
#define MESSAGES_FCGI_HTTP_API_ERROR_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Owned by the handler, who calls api_error_release; all zero at first. */
struct api_error {
	int status;
	struct buf text;
};

/* Returns -1, so that a check can end in `return api_error_set(…)`. */
int api_error_set(struct api_error *error, int status, const char *text, ...)
	PRINTF_LIKE(3, 4);

void api_error_release(struct api_error *error);

#endif
