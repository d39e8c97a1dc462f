/* SPDX-License-Identifier: MIT
 *
 * The subscription to Redis. Its messages are hints: the bus may be down for
 * any time and may lose messages. It reports both transitions.
 */
#ifndef RELAY_BACKENDS_BUS_H
#define RELAY_BACKENDS_BUS_H

#include <stdint.h>

#include "relay/backends/redis_link.h"

struct bus;

struct bus_ops {
	/* Redis answers. No subscription exists: the owner must subscribe to
	 * every topic again. */
	void (*on_up)(void *ctx);
	void (*on_down)(void *ctx);
	/* Every SUBSCRIBE up to this ticket is confirmed. */
	void (*on_confirmed)(void *ctx, uint64_t ticket);
	/* Borrowed. */
	void (*on_message)(void *ctx, struct span topic, struct span payload);
};

/* Connects, and retries until freed. */
struct bus *bus_new(struct loop *loop, const struct redis_link_conf *conf,
		    const struct bus_ops *ops, void *ctx);
void bus_free(struct bus *bus);

/* Returns the ticket that on_confirmed will reach; tickets rise for the life
 * of the bus. No-ops while the bus is down. */
uint64_t bus_subscribe(struct bus *bus, struct span topic);
void bus_unsubscribe(struct bus *bus, struct span topic);

#endif
