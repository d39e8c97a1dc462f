/* SPDX-License-Identifier: MIT
 *
 * The topics in Redis that a worker listens to, one for each of its channels
 * and one for what the roster hints: what comes on them is handed to whom it is
 * for.
 */
#ifndef RELAY_HUB_TOPICS_H
#define RELAY_HUB_TOPICS_H

#include "relay/hub/heal.h"
#include "relay/hub/occupancy.h"
#include "relay/hub/presence.h"
#include "relay/hub/users.h"

struct topics;

/* All is borrowed. */
struct topics_conf {
	struct redis_link_conf redis;
	const char *prefix; /* of all names in Redis */
	struct fanout *fanout;
	struct heal *heal;
	struct occupancy *occupancy;
	struct presence *presence;
	struct users *users;
};

struct topics *topics_new(struct loop *loop, const struct topics_conf *conf);
void topics_free(struct topics *topics);

/* Whether Redis serves; nothing comes while it does not. */
bool topics_are_up(const struct topics *topics);

/* Adds the name of the channel's topic. */
void topics_add(const struct topics *topics, struct buf *name,
		const struct channel *channel);

/* Listens to the channel's topic, also after Redis was away. Returns the ticket
 * of the SUBSCRIBE, for heal_start. */
uint64_t topics_follow(struct topics *topics, const struct channel *channel);
void topics_leave(struct topics *topics, const struct channel *channel);

#endif
