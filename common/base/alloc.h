/* SPDX-License-Identifier: MIT
 *
 * Memory that is there or the program is not. What comes from a peer is capped
 * before it is allocated, so running out is nobody's request but ours; the
 * supervisor starts us anew.
 */
#ifndef COMMON_BASE_ALLOC_H
#define COMMON_BASE_ALLOC_H

#include <stddef.h>

/* All return memory that the caller owns and gives back with free(); none
 * returns NULL. A size of 0 gives a valid pointer. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

#endif
