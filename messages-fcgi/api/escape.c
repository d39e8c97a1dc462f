/* SPDX-License-Identifier: MIT
 *
 * The five special characters of HTML. Works for every superset of ASCII.
 */
#include "messages-fcgi/api/escape.h"

/* The entity of c, NULL if c stands for itself. */
static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void escape_add(struct buf *buf, struct span s)
{
	size_t plain = 0, i;

	for (i = 0; i < s.len; i++) {
		const char *replacement = entity(s.ptr[i]);

		if (replacement == NULL)
			continue;
		buf_add(buf, s.ptr + plain, i - plain);
		buf_add_str(buf, replacement);
		plain = i + 1;
	}
	if (s.len > plain)
		buf_add(buf, s.ptr + plain, s.len - plain);
}
