/* SPDX-License-Identifier: MIT
 *
 * How many connections each app has, in memory that the workers share, for the
 * apps that may not have any number. Each worker counts in a row of its own, so
 * that what a worker had when it died can be forgotten. Knows nothing of apps
 * but how many there are.
 */
#ifndef RELAY_HUB_CONNECTION_QUOTA_H
#define RELAY_HUB_CONNECTION_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"

/* By the master, once, before it forks. */
void connection_quota_share(size_t workers, size_t apps);

/* By a new worker: it counts in this row from now on. */
void connection_quota_use(size_t worker);

/* By the master: the worker of this row is gone. */
void connection_quota_forget(size_t worker);

/* One connection more: 0; or -1 if all workers together would have more than
 * max. Two that come at the same moment may both be refused the last place. */
int connection_quota_take(size_t app, int64_t max) MUST_CHECK;
/* One that was taken less. */
void connection_quota_give(size_t app);

#endif
