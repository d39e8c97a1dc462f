/* SPDX-License-Identifier: MIT
 *
 * From an embedded struct to its owner.
 */
#ifndef COMMON_BASE_CONTAINER_OF_H
#define COMMON_BASE_CONTAINER_OF_H

#include <stddef.h>

/* The struct of this type whose member ptr points to. */
#define container_of(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
