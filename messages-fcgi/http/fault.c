/* SPDX-License-Identifier: MIT
 *
 * A status and a line. Knows neither HTTP nor where the fault was found.
 */
#include "messages-fcgi/http/fault.h"

#include <stdarg.h>
#include <stdio.h>

/* More is said by adding to fault->text. */
#define LINE_MAX 256

int fault_set(struct fault *fault, int status, const char *text, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, text);
	vsnprintf(line, sizeof(line), text, ap);
	va_end(ap);
	fault->status = status;
	buf_clear(&fault->text);
	buf_add_str(&fault->text, line);
	return -1;
}

void fault_release(struct fault *fault)
{
	buf_release(&fault->text);
}
