/* SPDX-License-Identifier: MIT
 *
 * One event to N subscribers: who is in which channel, and giving each of them
 * the same frame. Knows nothing of ids or of where events come from.
 */
#ifndef RELAY_HUB_FANOUT_H
#define RELAY_HUB_FANOUT_H

#include "relay/channels/channel.h"
#include "relay/hub/session.h"

struct fanout;

struct fanout_ops {
	/* The first subscriber of the worker: start the channel, and call
	 * fanout_go_live when it can serve. */
	void (*on_first)(void *ctx, struct channel *channel);
	/* The last one left; the channel is freed when this returns. */
	void (*on_last)(void *ctx, struct channel *channel);
	/* It has more or fewer members. */
	void (*on_count)(void *ctx, struct channel *channel);
	/* Members of a cache channel were told that they subscribed: those
	 * whose cache_ask is CHANNEL_NEXT_ASK. */
	void (*on_told)(void *ctx, struct channel *channel);
};

struct fanout *fanout_new(const struct fanout_ops *ops, void *ctx);

/* All subscribers must have left. */
void fanout_free(struct fanout *fanout);

struct channel_table *fanout_channels(struct fanout *fanout);

/* For session_ops; the channel is the session's app's. epoch and what the
 * channel has delivered are told to a subscriber who joins while it is live. */
void fanout_join(struct fanout *fanout, struct session *session,
		 struct subscription *subscription, struct span name);
void fanout_leave(struct fanout *fanout, struct subscription *subscription);

/* fanout_join in two steps: the channel is there, and starts, but session is
 * no member until it is admitted. fanout_leave in between is as good. */
void fanout_hold(struct fanout *fanout, const struct session *session,
		 struct subscription *subscription, struct span name);
void fanout_admit(struct fanout *fanout, struct session *session,
		  struct subscription *subscription);

/* Tells every subscriber that the channel, whose state is CHANNEL_LIVE,
 * serves from its sequence.delivered on. */
void fanout_go_live(struct fanout *fanout, struct channel *channel);

/* What is told to those who join or are told; borrowed, NULL before the log
 * was read. */
void fanout_set_epoch(struct fanout *fanout, const char *epoch);

/* So many subscribe to the channel in the cluster: told to all of them, and to
 * those who come. */
void fanout_tell_total(struct channel *channel, uint32_t total);

/* Queues what is no event for all of them. */
void fanout_tell(struct channel *channel, struct frame *frame);

/* Queues frame, an event, for every subscriber but the one with this socket id
 * (0: for everyone). They need not be told what is cached any more. */
void fanout_deliver(struct channel *channel, struct frame *frame,
		    uint64_t exclude);
/* The same of what a client says, which takes the place of nothing. */
void fanout_pass(struct channel *channel, struct frame *frame,
		 uint64_t exclude);

/* conn_close on every subscriber. */
void fanout_close(struct channel *channel, enum pusher_cause cause);

#endif
