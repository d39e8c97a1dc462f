/* SPDX-License-Identifier: MIT
 *
 * Paths and their forms, from left to right.
 */
#include "messages-fcgi/path.h"

#include <assert.h>

/* Takes what the asterisk stands for off *path. */
static struct span take_part(struct span *path)
{
	const char *slash =
		path->len > 0 ? memchr(path->ptr, '/', path->len) : NULL;
	size_t len = slash != NULL ? (size_t)(slash - path->ptr) : path->len;
	struct span part = span_of(path->ptr, len);

	*path = span_of(path->ptr + len, path->len - len);
	return part;
}

bool path_match(struct span path, const char *form, struct path_parts *parts)
{
	size_t count = 0;

	*parts = (struct path_parts){ { { NULL, 0 } } };
	for (; *form != '\0'; form++) {
		if (*form == '*') {
			assert(count < PATH_PARTS_MAX);
			parts->parts[count] = take_part(&path);
			if (parts->parts[count++].len == 0)
				return false;
			continue;
		}
		if (path.len == 0 || path.ptr[0] != *form)
			return false;
		path = span_of(path.ptr + 1, path.len - 1);
	}
	return path.len == 0;
}
