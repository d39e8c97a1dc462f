/* SPDX-License-Identifier: MIT
 *
 * Heads and holes: what makes a channel live, and what keeps its events whole
 * and in order. Redis brings hints; the log is the truth.
 *
 * A channel starts when Redis has confirmed the subscription (or is
 * unavailable) and the log has then told the head: from there on every id is
 * delivered once, in order. The next id is delivered, a lower one dropped, a
 * higher one stashed while the hole is waited for and then read from the log.
 * Heads are polled, so that a hint which never came costs latency only.
 */
#ifndef RELAY_HUB_HEAL_H
#define RELAY_HUB_HEAL_H

#include "common/wire/envelope.h"
#include "relay/backends/log_reader.h"
#include "relay/hub/fanout.h"

struct heal;

struct heal_conf {
	const char *database;     /* borrowed */
	const struct apps *apps;  /* borrowed */
	int64_t poll_ms;          /* between reads of all heads */
	int64_t hole_wait_ms;     /* for an event that comes a little late */
	int64_t start_timeout_ms; /* for a durable channel to become live */
	size_t stash_max_bytes;   /* of all channels together */
};

/* fanout must outlive heal. */
struct heal *heal_new(struct loop *loop, struct fanout *fanout,
		      const struct heal_conf *conf);

/* All channels must have been forgotten. */
void heal_free(struct heal *heal);

/* The channel has its first subscriber, and its topic has been subscribed to
 * by topic_router_follow. */
void heal_start(struct heal *heal, struct channel *channel);

/* A channel that lost its last subscriber. */
void heal_forget(struct heal *heal, struct channel *channel);

/* Redis has confirmed every SUBSCRIBE up to ticket. */
void heal_confirm(struct heal *heal, uint64_t ticket);

/* Redis came or went. While it is unavailable channels start without it, and
 * heads are polled more often. */
void heal_set_bus_up(struct heal *heal, bool is_up);

/* Whether the log can be read. */
bool heal_is_log_up(const struct heal *heal);

/* Read all heads now: something may have been missed. */
void heal_poll(struct heal *heal);

/* What came through Redis for a channel that is in fanout's table. */
void heal_event(struct heal *heal, struct channel *channel,
		const struct envelope *envelope);

#endif
