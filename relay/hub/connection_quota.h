/* SPDX-License-Identifier: MIT
 *
 * Counts the connections of each app that has a limit, in memory that the
 * workers share. Each worker counts in a row of its own, so that the counts of
 * a dead worker can be cleared. Knows apps only as indexes.
 */
#ifndef RELAY_HUB_CONNECTION_QUOTA_H
#define RELAY_HUB_CONNECTION_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"

/* The master calls it once, before it forks. */
void connection_quota_share(size_t workers, size_t apps);

/* A new worker calls it: it counts in this row from now on. */
void connection_quota_use(size_t worker);

/* The master calls it: the worker of this row has ended. */
void connection_quota_forget(size_t worker);

/* Counts one more connection and returns 0; or returns -1 if all workers
 * together would have more than max. Two calls at the same moment may both be
 * refused the last place. */
int connection_quota_take(size_t app, int64_t max) MUST_CHECK;
/* Counts one less, after a connection_quota_take that returned 0. */
void connection_quota_give(size_t app);

#endif
