/* SPDX-License-Identifier: MIT
 *
 * Allocation that cannot fail: the program logs an error and exits when memory
 * runs out, and the supervisor restarts it. Callers cap a peer's input before
 * they allocate for it, so no peer can cause this.
 */
#ifndef COMMON_BASE_ALLOC_H
#define COMMON_BASE_ALLOC_H

#include <stddef.h>

/* Each returns memory that the caller owns and passes to free(). None returns
 * NULL, not even for a size of 0. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

#endif
