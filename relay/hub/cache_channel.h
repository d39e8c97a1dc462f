/* SPDX-License-Identifier: MIT
 *
 * The last event of cache channels, which new subscribers get first, or
 * pusher:cache_miss if there is none. messages-fcgi keeps it in Redis.
 *
 * Redis is queried after the subscribers were sent subscription_succeeded. So
 * a subscriber that gets a live event before the answer needs no older one.
 */
#ifndef RELAY_HUB_CACHE_CHANNEL_H
#define RELAY_HUB_CACHE_CHANNEL_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

struct cache_channel;

/* All three are borrowed. */
struct cache_channel *cache_channel_new(struct fanout *fanout,
					struct roster *roster,
					const char *prefix);
void cache_channel_free(struct cache_channel *cache);

/* For fanout_ops.on_subscribed: sends the last event to the new members. */
void cache_channel_send_last(struct cache_channel *cache,
			     struct channel *channel);

#endif
