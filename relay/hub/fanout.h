/* SPDX-License-Identifier: MIT
 *
 * Sends one frame to all subscribers of a channel, and keeps the table of the
 * worker's channels. Knows neither ids nor where events come from.
 */
#ifndef RELAY_HUB_FANOUT_H
#define RELAY_HUB_FANOUT_H

#include "relay/channels/channel.h"
#include "relay/hub/session.h"

struct fanout;

struct fanout_ops {
	/* A new channel has its first subscriber: start it, and call
	 * fanout_go_live when it is live. */
	void (*on_first)(void *ctx, struct channel *channel);
	/* The last subscriber left. The channel is freed after the call. */
	void (*on_last)(void *ctx, struct channel *channel);
	/* Members joined or left. */
	void (*on_count)(void *ctx, struct channel *channel);
	/* Members of a cache channel were subscribed: send them its last
	 * event. */
	void (*on_subscribed)(void *ctx, struct channel *channel);
};

struct fanout *fanout_new(const struct fanout_ops *ops, void *ctx);

/* All subscribers must have left. */
void fanout_free(struct fanout *fanout);

struct channel_table *fanout_channels(struct fanout *fanout);

/* For session_ops: joins session to the channel of its app. If the channel is
 * live, the session gets pusher_internal:subscription_succeeded with the base
 * (delivered) and the epoch; else fanout_go_live sends it later. */
void fanout_join(struct fanout *fanout, struct session *session,
		 struct subscription *subscription, struct span name);
void fanout_leave(struct fanout *fanout, struct subscription *subscription);

/* fanout_join in two steps: fanout_hold creates and starts the channel, but the
 * session is not a member before fanout_admit. fanout_leave may come between
 * them. */
void fanout_hold(struct fanout *fanout, const struct session *session,
		 struct subscription *subscription, struct span name);
void fanout_admit(struct fanout *fanout, struct session *session,
		  struct subscription *subscription);

/* The channel is live now: sends subscription_succeeded to all its members,
 * with heal.sequence.delivered as the base. */
void fanout_go_live(struct fanout *fanout, struct channel *channel);

/* The epoch for subscription_succeeded; borrowed, NULL before the log was
 * read. */
void fanout_set_epoch(struct fanout *fanout, const char *epoch);

/* The channel has this many subscribers in the cluster. Sends that number to
 * its members, if it is live; else fanout_go_live does. */
void fanout_set_total(struct channel *channel, uint32_t total);

/* Queues a frame that is not an event for every member. */
void fanout_send(struct channel *channel, struct frame *frame);

/* Queues an event for every member but the one with the socket id exclude (0:
 * for every member). On a cache channel it takes the place of the last event
 * for the members that get it. */
void fanout_deliver(struct channel *channel, struct frame *frame,
		    uint64_t exclude);
/* The same for a client event, which is never a cache channel's last event. */
void fanout_pass(struct channel *channel, struct frame *frame,
		 uint64_t exclude);

/* Closes the connection of every member. */
void fanout_close(struct channel *channel, const struct close_cause *cause);

#endif
