/* SPDX-License-Identifier: MIT
 *
 * The only file that calls malloc, calloc and realloc.
 */
#include "common/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

static void *check_allocated(void *ptr, size_t size)
{
	if (ptr == NULL)
		fatalx("out of memory allocating %zu bytes", size);
	return ptr;
}

void *xmalloc(size_t size)
{
	return check_allocated(malloc(size ? size : 1), size);
}

void *xcalloc(size_t count, size_t size)
{
	return check_allocated(calloc(count ? count : 1, size ? size : 1),
			       size);
}

void *xrealloc(void *ptr, size_t size)
{
	return check_allocated(realloc(ptr, size ? size : 1), size);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
