/* SPDX-License-Identifier: MIT
 *
 * What subscribers of cache channels are told first: the channel's last event,
 * which messages-fcgi keeps in Redis, or that there is none.
 *
 * Redis is asked after they were told that they subscribed. So who is told a
 * live event before the answer has come needs no other.
 */
#ifndef RELAY_HUB_CACHE_CHANNEL_H
#define RELAY_HUB_CACHE_CHANNEL_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

struct cache_channel;

/* All are borrowed. */
struct cache_channel *cache_channel_new(struct fanout *fanout,
					struct roster *roster,
					const char *prefix);
void cache_channel_free(struct cache_channel *cache);

/* For fanout_ops.on_told. */
void cache_channel_tell(struct cache_channel *cache, struct channel *channel);

#endif
