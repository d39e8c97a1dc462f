/* SPDX-License-Identifier: MIT
 *
 * Faults that only the program itself can commit, for tests/chaos: switches
 * that turn a bug on, which its checker must find, and points at which a
 * process can be killed. A build without PUSHLOG_CHAOS contains neither.
 */
#ifndef COMMON_BASE_CHAOS_H
#define COMMON_BASE_CHAOS_H

#include <stdbool.h>

#ifdef PUSHLOG_CHAOS

/* Whether the environment variable PUSHLOG_CHAOS contains name. Blanks separate
 * the names in it. */
bool chaos_is(const char *name);

/* Kills the process with SIGKILL if there is a file called name in the folder
 * PUSHLOG_CHAOS_POINTS of the environment. The file is removed, so it kills
 * only one process, once. */
void chaos_point(const char *name);

#else

#define chaos_is(name) false
#define chaos_point(name) ((void)0)

#endif

#endif
