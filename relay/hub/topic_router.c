/* SPDX-License-Identifier: MIT
 *
 * From a topic to its channel, and from a hint to the room that it concerns.
 */
#include "relay/hub/topic_router.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/wire/envelope.h"
#include "relay/backends/bus.h"
#include "relay/net/log_throttle.h"
#include "relay/protocol/roster_hint.h"
#include "relay/stats.h"

/* Log lines a second about messages of others on our topics. */
#define STRANGER_LINES_MAX 1

struct topic_router {
	struct topic_router_conf conf;
	struct loop *loop;
	struct bus *bus;
	bool is_up;
	uint64_t resubscribed_by; /* ticket; 0: all channels are confirmed */
	uint64_t hearing_by;      /* the same for the roster's topic */
	struct log_throttle strangers; /* log lines about messages of others */
	struct buf hints;              /* the name of the roster's topic */
};

void topic_router_add(const struct topic_router *topics, struct buf *name,
		      const struct channel *channel)
{
	envelope_add_topic(name, topics->conf.prefix, channel->app->id,
			   channel_name(channel));
}

void topic_router_follow(struct topic_router *topics, struct channel *channel)
{
	struct buf name = BUF_INIT;

	topic_router_add(topics, &name, channel);
	channel->topic_router.ticket =
		bus_subscribe(topics->bus, buf_span(&name));
	buf_release(&name);
}

void topic_router_leave(struct topic_router *topics,
			const struct channel *channel)
{
	struct buf name = BUF_INIT;

	topic_router_add(topics, &name, channel);
	bus_unsubscribe(topics->bus, buf_span(&name));
	buf_release(&name);
}

static void on_bus_up(void *ctx)
{
	struct topic_router *topics = ctx;
	struct channel *channel = fanout_channels(topics->conf.fanout)->first;

	topics->hearing_by = topics->resubscribed_by =
		bus_subscribe(topics->bus, buf_span(&topics->hints));
	for (; channel != NULL; channel = channel->hh.next) {
		topic_router_follow(topics, channel);
		topics->resubscribed_by = channel->topic_router.ticket;
	}
	topics->is_up = true;
	heal_set_bus_up(topics->conf.heal, true);
}

static void on_bus_down(void *ctx)
{
	struct topic_router *topics = ctx;

	topics->is_up = false;
	heal_set_bus_up(topics->conf.heal, false);
}

static void on_confirmed(void *ctx, uint64_t ticket)
{
	struct topic_router *topics = ctx;

	heal_confirm(topics->conf.heal, ticket);
	if (topics->hearing_by != 0 && ticket >= topics->hearing_by) {
		topics->hearing_by = 0;
		occupancy_refresh(topics->conf.occupancy,
				  fanout_channels(topics->conf.fanout)->first);
		presence_refresh(topics->conf.presence);
		signed_in_users_refresh(topics->conf.users);
	}
	/* events since the outage arrive; the heads show which were lost */
	if (topics->resubscribed_by != 0 && ticket >= topics->resubscribed_by) {
		topics->resubscribed_by = 0;
		heal_poll(topics->conf.heal);
	}
}

static void log_stranger(struct topic_router *topics, struct span topic)
{
	uint32_t now_s = (uint32_t)(loop_now_ms(topics->loop) / 1000);
	uint32_t held_back;

	if (!log_throttle_pass(&topics->strangers, now_s, STRANGER_LINES_MAX,
			       &held_back))
		return;
	log_warn("dropped an invalid message on '%.*s', and %u before it",
		 (int)topic.len, topic.ptr, held_back);
}

/* A hint of the roster. Most concern channels of other workers alone. */
static void take_hint(struct topic_router *topics, struct span text)
{
	struct channel *channel;
	struct roster_hint hint;

	if (roster_hint_parse(text, &hint) == -1)
		return;
	channel = channel_find_key(fanout_channels(topics->conf.fanout),
				   hint.key);
	switch (hint.kind) {
	case ROSTER_HINT_MEMBERS:
		if (channel != NULL)
			presence_hint(topics->conf.presence, channel);
		break;
	case ROSTER_HINT_COUNT:
		if (channel != NULL)
			fanout_set_total(channel, (uint32_t)hint.n);
		break;
	case ROSTER_HINT_USER:
		signed_in_users_hint(topics->conf.users, hint.key, hint.n != 0);
		break;
	case ROSTER_HINT_TERMINATE:
		signed_in_users_terminate(topics->conf.users, hint.key);
		break;
	}
}

static void on_message(void *ctx, struct span topic, struct span payload)
{
	struct topic_router *topics = ctx;
	struct envelope envelope;
	struct channel *channel;
	struct span key;

	if (span_equal(topic, buf_span(&topics->hints))) {
		take_hint(topics, payload);
		return;
	}

	key = envelope_topic_key(topic, topics->conf.prefix);
	if (key.ptr == NULL)
		return;
	channel = channel_find_key(fanout_channels(topics->conf.fanout), key);
	if (channel == NULL)
		return;
	switch (envelope_decode(payload, &envelope)) {
	case ENVELOPE_OK:
		heal_event(topics->conf.heal, channel, &envelope);
		break;
	case ENVELOPE_UNKNOWN:
		heal_poll(topics->conf.heal);
		break;
	case ENVELOPE_BAD:
		stats_drop(STATS_NOT_OURS, 1);
		log_stranger(topics, topic);
		break;
	}
}

static const struct bus_ops bus_ops = {
	.on_up = on_bus_up,
	.on_down = on_bus_down,
	.on_confirmed = on_confirmed,
	.on_message = on_message,
};

/* ---- life ---- */

struct topic_router *topic_router_new(struct loop *loop,
				      const struct topic_router_conf *conf)
{
	struct topic_router *topics = xcalloc(1, sizeof(*topics));

	topics->conf = *conf;
	topics->loop = loop;
	topics->bus = bus_new(loop, &conf->redis, &bus_ops, topics);
	buf_addf(&topics->hints, "%s:roster", conf->prefix);
	return topics;
}

void topic_router_free(struct topic_router *topics)
{
	bus_free(topics->bus);
	buf_release(&topics->hints);
	free(topics);
}

bool topic_router_is_up(const struct topic_router *topics)
{
	return topics->is_up;
}
