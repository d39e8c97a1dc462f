/* SPDX-License-Identifier: MIT
 *
 * Compares from left to right.
 */
#include "messages-fcgi/http/path_pattern.h"

#include <assert.h>

/* The length of the part at one asterisk: up to the next slash. */
static size_t part_len(struct span path)
{
	const char *slash =
		path.len > 0 ? memchr(path.ptr, '/', path.len) : NULL;

	return slash != NULL ? (size_t)(slash - path.ptr) : path.len;
}

/* The length of the part at two asterisks: up to the rest of the pattern. */
static size_t rest_len(struct span path, const char *end)
{
	size_t len = strlen(end);

	return path.len > len ? path.len - len : 0;
}

bool path_pattern_match(struct span path, const char *form,
			struct path_pattern_parts *parts)
{
	size_t count = 0;

	*parts = (struct path_pattern_parts){ { { NULL, 0 } } };
	for (; *form != '\0'; form++) {
		size_t len = 1;

		if (*form == '*') {
			bool is_rest = form[1] == '*';

			form += is_rest;
			len = is_rest ? rest_len(path, form + 1)
				      : part_len(path);
			if (len == 0)
				return false;
			assert(count < PATH_PATTERN_PARTS_MAX);
			parts->parts[count++] = span_of(path.ptr, len);
		} else if (path.len == 0 || path.ptr[0] != *form) {
			return false;
		}
		path = span_of(path.ptr + len, path.len - len);
	}
	return path.len == 0;
}
