/* SPDX-License-Identifier: MIT
 *
 * Finds the struct that embeds another one.
 */
#ifndef COMMON_BASE_CONTAINER_OF_H
#define COMMON_BASE_CONTAINER_OF_H

#include <stddef.h>

/* The struct of this type that has *ptr as its member. */
#define container_of(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
