/* SPDX-License-Identifier: MIT
 *
 * The worker's channels and the walk over their subscribers. Nothing that is
 * called during the walk changes the array: a subscriber that is closed leaves
 * at the end of the turn.
 */
#include "relay/fanout.h"

#include <assert.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "relay/stats.h"

struct fanout {
	struct channel_table channels;
	const char *epoch;
	const struct fanout_ops *ops;
	void *ctx;
};

struct fanout *fanout_new(const struct fanout_ops *ops, void *ctx)
{
	struct fanout *fanout = xcalloc(1, sizeof(*fanout));

	channel_table_init(&fanout->channels);
	fanout->ops = ops;
	fanout->ctx = ctx;
	return fanout;
}

void fanout_free(struct fanout *fanout)
{
	assert(fanout->channels.first == NULL);
	free(fanout);
}

struct channel_table *fanout_channels(struct fanout *fanout)
{
	return &fanout->channels;
}

void fanout_set_epoch(struct fanout *fanout, const char *epoch)
{
	fanout->epoch = epoch;
}

static struct frame *subscribed_frame(const struct fanout *fanout,
				      const struct channel *channel)
{
	struct buf text = BUF_INIT;
	struct frame *frame;

	pusher_add_subscribed(&text, channel_name(channel), channel->delivered,
			      channel->is_durable ? fanout->epoch : NULL);
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	return frame;
}

void fanout_join(struct fanout *fanout, struct session *session,
		 struct subscription *subscription, struct span name)
{
	const struct app *app = session->app;
	struct channel *channel = channel_find(&fanout->channels, app, name);
	struct frame *frame;

	metric_add_own(&stats()->subscriptions, 1);
	if (channel == NULL) {
		metric_add_own(&stats()->channels, 1);
		channel = channel_add(&fanout->channels, app, name,
				      app_is_durable(app, name));
		channel_join(channel, subscription, session);
		fanout->ops->on_first(fanout->ctx, channel);
		return;
	}
	channel_join(channel, subscription, session);
	if (channel->state != CHANNEL_LIVE)
		return;
	frame = subscribed_frame(fanout, channel);
	conn_send(&session->conn, frame);
	frame_unref(frame);
}

void fanout_leave(struct fanout *fanout, struct subscription *subscription)
{
	struct channel *channel = subscription->channel;

	channel_leave(subscription);
	metric_add_own(&stats()->subscriptions, -1);
	if (channel->count > 0)
		return;
	metric_add_own(&stats()->channels, -1);
	fanout->ops->on_last(fanout->ctx, channel);
	channel_remove(&fanout->channels, channel);
}

/* Returns how many it was queued for. */
static int64_t queue(struct channel *channel, struct frame *frame,
		     uint64_t exclude)
{
	int64_t count = 0;
	uint32_t i;

	for (i = 0; i < channel->count; i++) {
		struct session *session = channel->members[i].subscriber;

		if (exclude != 0 && session->socket_id == exclude)
			continue;
		count += conn_is_open(&session->conn);
		conn_deliver(&session->conn, frame);
	}
	return count;
}

void fanout_go_live(struct fanout *fanout, struct channel *channel)
{
	struct frame *frame = subscribed_frame(fanout, channel);

	assert(channel->state == CHANNEL_LIVE);
	queue(channel, frame, 0);
	frame_unref(frame);
}

void fanout_deliver(struct channel *channel, struct frame *frame,
		    uint64_t exclude)
{
	metric_add_own(&stats()->deliveries, queue(channel, frame, exclude));
}

void fanout_close(struct channel *channel, enum pusher_cause cause)
{
	uint32_t i;

	for (i = 0; i < channel->count; i++) {
		struct session *session = channel->members[i].subscriber;

		conn_close(&session->conn, cause);
	}
}
