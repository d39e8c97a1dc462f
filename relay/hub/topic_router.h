/* SPDX-License-Identifier: MIT
 *
 * The topics in Redis that this worker subscribes to: one for each of its
 * channels, and one for the roster's hints. Hands each message to the room that
 * it concerns.
 */
#ifndef RELAY_HUB_TOPIC_ROUTER_H
#define RELAY_HUB_TOPIC_ROUTER_H

#include "relay/hub/heal.h"
#include "relay/hub/occupancy.h"
#include "relay/hub/presence.h"
#include "relay/hub/signed_in_users.h"

struct topic_router;

/* Everything is borrowed. */
struct topic_router_conf {
	struct redis_link_conf redis;
	const char *prefix; /* of all names in Redis */
	struct fanout *fanout;
	struct heal *heal;
	struct occupancy *occupancy;
	struct presence *presence;
	struct signed_in_users *users;
};

struct topic_router *topic_router_new(struct loop *loop,
				      const struct topic_router_conf *conf);
void topic_router_free(struct topic_router *topics);

/* Whether the subscription to Redis is up. */
bool topic_router_is_up(const struct topic_router *topics);

/* Adds the name of the channel's topic to name. */
void topic_router_add(const struct topic_router *topics, struct buf *name,
		      const struct channel *channel);

/* Subscribes to the channel's topic, and does so again whenever Redis comes
 * back. Sets the channel's ticket. */
void topic_router_follow(struct topic_router *topics, struct channel *channel);
void topic_router_leave(struct topic_router *topics,
			const struct channel *channel);

#endif
