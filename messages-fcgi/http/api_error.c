/* SPDX-License-Identifier: MIT
 *
 * A status and a line. Knows neither HTTP nor where the fault was found.
 */
#include "messages-fcgi/http/api_error.h"

#include <stdarg.h>
#include <stdio.h>

/* Callers may add to error->text afterwards. */
#define LINE_MAX 256

int api_error_set(struct api_error *error, int status, const char *text, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, text);
	vsnprintf(line, sizeof(line), text, ap);
	va_end(ap);
	error->status = status;
	buf_clear(&error->text);
	buf_add_str(&error->text, line);
	return -1;
}

void api_error_release(struct api_error *error)
{
	buf_release(&error->text);
}
