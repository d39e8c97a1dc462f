/* SPDX-License-Identifier: MIT
 *
 * One connection to Redis in subscriber mode. Each SUBSCRIBE and UNSUBSCRIBE
 * names one channel and is confirmed once, in order, so two counters show which
 * ones are confirmed.
 */
#include "relay/backends/bus.h"

#include <stdlib.h>

#include "common/base/alloc.h"

struct bus {
	struct redis_link *link;
	const struct bus_ops *ops;
	void *ctx;
	uint64_t sent, confirmed; /* tickets */
	uint64_t told;            /* the last ticket of on_confirmed */
};

/* ---- replies ---- */

static bool is_word(const redisReply *reply, const char *word)
{
	return span_is(redis_link_text(reply), word);
}

static void take_push(struct bus *bus, const redisReply *reply)
{
	redisReply **part = reply->element;

	if (reply->elements != 3)
		return;
	if (is_word(part[0], "message"))
		bus->ops->on_message(bus->ctx, redis_link_text(part[1]),
				     redis_link_text(part[2]));
	else if (is_word(part[0], "subscribe") ||
		 is_word(part[0], "unsubscribe"))
		bus->confirmed++;
}

static void on_reply(void *ctx, const redisReply *reply)
{
	struct bus *bus = ctx;

	if (reply->type == REDIS_REPLY_ARRAY)
		take_push(bus, reply);
	else if (reply->type == REDIS_REPLY_ERROR) /* may not subscribe */
		redis_link_refuse(bus->link, reply->str);
}

static void on_pause(void *ctx)
{
	struct bus *bus = ctx;

	if (bus->confirmed == bus->told)
		return;
	bus->told = bus->confirmed;
	bus->ops->on_confirmed(bus->ctx, bus->confirmed);
}

static void on_up(void *ctx)
{
	struct bus *bus = ctx;

	bus->ops->on_up(bus->ctx);
}

static void on_down(void *ctx)
{
	struct bus *bus = ctx;

	/* unconfirmed commands will never be confirmed */
	bus->confirmed = bus->told = bus->sent;
	bus->ops->on_down(bus->ctx);
}

static const struct redis_link_ops link_ops = {
	.is_subscriber = true,
	.on_up = on_up,
	.on_down = on_down,
	.on_reply = on_reply,
	.on_pause = on_pause,
};

/* ---- life ---- */

struct bus *bus_new(struct loop *loop, const struct redis_link_conf *conf,
		    const struct bus_ops *ops, void *ctx)
{
	struct bus *bus = xcalloc(1, sizeof(*bus));

	bus->ops = ops;
	bus->ctx = ctx;
	bus->link = redis_link_new(loop, conf, &link_ops, bus);
	return bus;
}

void bus_free(struct bus *bus)
{
	redis_link_free(bus->link);
	free(bus);
}

static uint64_t send_word(struct bus *bus, const char *verb, struct span topic)
{
	const char *argv[2] = { verb, topic.ptr };
	size_t lens[2] = { strlen(verb), topic.len };

	if (redis_link_is_up(bus->link)) {
		redis_link_send(bus->link, 2, argv, lens);
		bus->sent++;
	}
	return bus->sent;
}

uint64_t bus_subscribe(struct bus *bus, struct span topic)
{
	return send_word(bus, "SUBSCRIBE", topic);
}

void bus_unsubscribe(struct bus *bus, struct span topic)
{
	(void)send_word(bus, "UNSUBSCRIBE", topic);
}
