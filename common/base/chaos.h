/* SPDX-License-Identifier: MIT
 *
 * Faults that only the program itself can commit: for tests/chaos, which must
 * be able to see that it would find a bug, and to kill at the worst moment. A
 * build without PUSHLOG_CHAOS has none of it.
 */
#ifndef COMMON_BASE_CHAOS_H
#define COMMON_BASE_CHAOS_H

#include <stdbool.h>

#ifdef PUSHLOG_CHAOS

/* Whether the switch is in the environment's PUSHLOG_CHAOS, a list of names
 * with blanks between them. */
bool chaos_is(const char *name);

/* Ends the process by SIGKILL if the folder that the environment's
 * PUSHLOG_CHAOS_POINTS names has a file of that name; the file is removed, so
 * one process dies of it, once. */
void chaos_point(const char *name);

#else

#define chaos_is(name) false
#define chaos_point(name) ((void)0)

#endif

#endif
