/* SPDX-License-Identifier: MIT
 *
 * The subscription to Redis. What comes through it are hints: the bus may be
 * away for any time and lose anything, and says so.
 *
 * hiredis serves as a codec only: the asynchronous API of its version 0.14
 * aborts the process on pipelined SUBSCRIBE, UNSUBSCRIBE and PING.
 */
#ifndef RELAY_BUS_H
#define RELAY_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/span.h"
#include "relay/loop.h"

struct bus;

struct bus_conf {
	struct address address;      /* of Redis */
	const char *user, *password; /* empty: none; borrowed */
};

struct bus_ops {
	/* Redis answers. Nothing is subscribed to: whoever wants something
	 * asks for it, again too. */
	void (*on_up)(void *ctx);
	void (*on_down)(void *ctx);
	/* Every SUBSCRIBE up to this ticket is confirmed. */
	void (*on_confirmed)(void *ctx, uint64_t ticket);
	/* Borrowed. */
	void (*on_message)(void *ctx, struct span topic, struct span payload);
};

/* Connects, and goes on trying until freed. */
struct bus *bus_new(struct loop *loop, const struct bus_conf *conf,
		    const struct bus_ops *ops, void *ctx);
void bus_free(struct bus *bus);

/* Returns the ticket that on_confirmed will reach; tickets rise for the life
 * of the bus. No-ops while the bus is down. */
uint64_t bus_subscribe(struct bus *bus, struct span topic);
void bus_unsubscribe(struct bus *bus, struct span topic);

#endif
