/* SPDX-License-Identifier: MIT
 *
 * Keeps the events of durable channels whole and in order. Redis brings events
 * fast but may lose any of them; the log in PostgreSQL has all of them, until
 * retention deletes the oldest.
 *
 * The promise: a live channel delivers every id above its base once and in
 * order. channels/sequence.h decides which event is next; heal gives it what it
 * needs:
 *
 *   starting   A channel waits until Redis has confirmed its SUBSCRIBE; it
 *              skips this step while Redis is unavailable. Then it waits until
 *              the log has returned its head. The head becomes the base, and
 *              the channel is live.
 *   holes      An id that is missing for hole_wait_ms is read from the log.
 *   heads      The heads of all live channels are polled, so that the next
 *              poll at the latest shows an event that Redis lost. Then it is
 *              read from the log.
 *   epoch      When the log's epoch changes, ids may belong to other events:
 *              the connections of all subscribers of durable channels are
 *              closed, and their clients start over. A channel whose next event
 *              the log no longer has closes its subscribers in the same way.
 *
 * Channels that are not durable pass through the same functions. They have no
 * ids: their events are delivered as they arrive, at most once.
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
	int64_t poll_ms;          /* between two polls of all heads */
	int64_t hole_wait_ms;     /* before a missing id is read from the log */
	int64_t start_timeout_ms; /* a slower start closes the subscribers */
	int64_t stash_max_bytes;  /* of all channels together */
};

/* Connects to the log, and keeps trying. fanout must outlive heal. */
struct heal *heal_new(struct loop *loop, struct fanout *fanout,
		      const struct heal_conf *conf);

/* Call heal_forget for each channel first. */
void heal_free(struct heal *heal);

/* The channel has its first subscriber, and topic_router_follow has sent
 * SUBSCRIBE for its topic. */
void heal_start(struct heal *heal, struct channel *channel);

/* The channel has lost its last subscriber. */
void heal_forget(struct heal *heal, struct channel *channel);

/* Redis has confirmed every SUBSCRIBE up to this ticket of
 * topic_router_follow. */
void heal_confirm(struct heal *heal, uint64_t ticket);

/* Redis became available or unavailable. While it is unavailable, channels
 * start without its confirmation and heads are polled every 100 ms. */
void heal_set_bus_up(struct heal *heal, bool is_up);

/* Whether there is a connection to PostgreSQL. A failed read ends it. */
bool heal_is_log_up(const struct heal *heal);

/* Polls all heads now, since events may have been lost. */
void heal_poll(struct heal *heal);

/* Redis brought an envelope for a channel of fanout's table. If it is of
 * another epoch, it is dropped and the heads are polled. */
void heal_event(struct heal *heal, struct channel *channel,
		const struct envelope *envelope);

#endif
