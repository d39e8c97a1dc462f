/* SPDX-License-Identifier: MIT
 *
 * What an app's server wants to know of its channels, by `info`, and how it is
 * told. Pure.
 */
#ifndef MESSAGES_FCGI_API_CHANNEL_INFO_H
#define MESSAGES_FCGI_API_CHANNEL_INFO_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

#define CHANNEL_INFO_USERS 0x1u       /* user_count */
#define CHANNEL_INFO_SUBSCRIBERS 0x2u /* subscription_count */
#define CHANNEL_INFO_CACHE 0x4u       /* cache */

/* list: names with commas in between. All that we know of go into *wanted.
 * Absent, or the first one that we don't know; absent for an empty list. */
struct span channel_info_parse(struct span list, unsigned *wanted);

struct channel_info {
	int64_t users, subscribers;
	struct span cached; /* the data of an event; absent: nothing is */
	int64_t cached_s;   /* for which it will be kept */
};

/* Adds the members that are wanted, each with a comma before it but the first:
 * is_first, which is kept up. */
void channel_info_add(struct buf *buf, const struct channel_info *info,
		      unsigned wanted, bool *is_first);

#endif
