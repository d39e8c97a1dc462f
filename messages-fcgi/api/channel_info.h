/* SPDX-License-Identifier: MIT
 *
 * The attributes of channels that the parameter `info` selects, as JSON. Pure.
 */
#ifndef MESSAGES_FCGI_API_CHANNEL_INFO_H
#define MESSAGES_FCGI_API_CHANNEL_INFO_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

#define CHANNEL_INFO_USERS 0x1u       /* user_count */
#define CHANNEL_INFO_SUBSCRIBERS 0x2u /* subscription_count */
#define CHANNEL_INFO_CACHE 0x4u       /* cache */

/* list: names, separated by commas. Sets the known ones in *wanted. Returns the
 * first unknown one, or an absent span. */
struct span channel_info_parse(struct span list, unsigned *wanted);

struct channel_info {
	int64_t users, subscribers;
	struct span cached; /* the data of an event; absent: none */
	int64_t cached_s;   /* how long it will be kept */
};

/* Adds the wanted members, with a comma before each but the first of the
 * object. *is_first: no member was added yet; the function updates it. */
void channel_info_add(struct buf *buf, const struct channel_info *info,
		      unsigned wanted, bool *is_first);

#endif
