/* SPDX-License-Identifier: MIT
 *
 * The worker's channels and the walk over their members. No call during the
 * walk changes the array: a closed session leaves at the end of the turn.
 */
#include "relay/hub/fanout.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/config/channel_name.h"
#include "common/wire/auth.h"
#include "relay/channels/cache_wait.h"
#include "relay/channels/room.h"
#include "relay/protocol/pusher.h"
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

static struct frame *make_text_frame(struct buf *text)
{
	struct frame *frame = frame_new(WS_OP_TEXT, buf_span(text));

	buf_release(text);
	return frame;
}

/* All members get the same frame, so a grant names no user. A frame with a
 * grant is secret: the members' own data may stand beside it. */
static struct frame *make_subscribed(const struct fanout *fanout,
				     const struct channel *channel)
{
	struct buf text = BUF_INIT, presence = BUF_INIT, grant = BUF_INIT;
	struct frame *frame;
	struct pusher_history history = {
		.base = channel->heal.sequence.delivered, .epoch = fanout->epoch
	};
	struct span name = channel_name(channel);

	if (channel->presence.room != NULL)
		room_add_json(channel->presence.room, &presence);
	if (channel->is_durable && !channel_name_is_public(name))
		auth_add_grant(&grant, channel->app, name, span_of(NULL, 0),
			       clock_wall_s() + AUTH_GRANT_S);
	history.grant = buf_span(&grant);
	pusher_add_subscribed(&text, name,
			      channel->is_durable ? &history : NULL,
			      buf_span(&presence));
	frame = grant.len > 0 ? frame_new_secret(buf_span(&text))
			      : frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	buf_release(&presence);
	buf_release(&grant);
	return frame;
}

/* The channel of that name. *is_new: it was added, and must be started. */
static struct channel *get_channel(struct fanout *fanout, const struct app *app,
				   struct span name, bool *is_new)
{
	struct channel *channel = channel_find(&fanout->channels, app, name);

	metric_add_own(&stats()->subscriptions, 1);
	*is_new = channel == NULL;
	if (channel != NULL)
		return channel;
	metric_add_own(&stats()->channels, 1);
	return channel_add(&fanout->channels, app, name,
			   app_is_durable(app, name));
}

static void join_channel(struct fanout *fanout, struct channel *channel,
			 struct subscription *subscription,
			 struct session *session)
{
	channel_join(channel, subscription, &session->subscriber);
	if (channel->is_cache)
		cache_wait_join(subscription);
	fanout->ops->on_count(fanout->ctx, channel);
}

static void send_subscribed(const struct fanout *fanout,
			    struct channel *channel, struct session *session)
{
	struct frame *frame;

	if (!channel_is_live(channel))
		return;
	frame = make_subscribed(fanout, channel);
	conn_send(&session->conn, frame);
	frame_unref(frame);
	if (channel->is_cache)
		fanout->ops->on_subscribed(fanout->ctx, channel);
}

void fanout_join(struct fanout *fanout, struct session *session,
		 struct subscription *subscription, struct span name)
{
	struct channel *channel;
	bool is_new;

	channel = get_channel(fanout, session->app, name, &is_new);
	join_channel(fanout, channel, subscription, session);
	if (is_new)
		fanout->ops->on_first(fanout->ctx, channel);
	else
		send_subscribed(fanout, channel, session);
}

void fanout_hold(struct fanout *fanout, const struct session *session,
		 struct subscription *subscription, struct span name)
{
	struct channel *channel;
	bool is_new;

	channel = get_channel(fanout, session->app, name, &is_new);
	channel_hold(channel, subscription);
	if (is_new)
		fanout->ops->on_first(fanout->ctx, channel);
}

void fanout_admit(struct fanout *fanout, struct session *session,
		  struct subscription *subscription)
{
	struct channel *channel = subscription->channel;

	join_channel(fanout, channel, subscription, session);
	send_subscribed(fanout, channel, session);
}

void fanout_leave(struct fanout *fanout, struct subscription *subscription)
{
	struct channel *channel = subscription->channel;

	channel_leave(subscription);
	fanout->ops->on_count(fanout->ctx, channel);
	metric_add_own(&stats()->subscriptions, -1);
	if (channel->count > 0 || channel->waiting > 0)
		return;
	metric_add_own(&stats()->channels, -1);
	fanout->ops->on_last(fanout->ctx, channel);
	channel_remove(&fanout->channels, channel);
}

static struct session *member_session(const struct channel_member *member)
{
	return container_of(member->subscriber, struct session, subscriber);
}

/* Returns for how many open connections the frame was queued. */
static int64_t queue_for_members(struct channel *channel, struct frame *frame,
				 uint64_t exclude)
{
	int64_t count = 0;
	uint32_t i;

	for (i = 0; i < channel->count; i++) {
		struct session *session = member_session(&channel->members[i]);

		if (exclude != 0 && session->subscriber.socket_id == exclude)
			continue;
		count += conn_is_open(&session->conn);
		conn_deliver(&session->conn, frame);
	}
	return count;
}

void fanout_set_total(struct channel *channel, uint32_t total)
{
	struct buf text = BUF_INIT;
	struct frame *frame;

	channel->fanout.total = total;
	if (!channel_is_live(channel))
		return;
	pusher_add_count(&text, channel_name(channel), total);
	frame = make_text_frame(&text);
	queue_for_members(channel, frame, 0);
	frame_unref(frame);
}

void fanout_go_live(struct fanout *fanout, struct channel *channel)
{
	struct frame *frame = make_subscribed(fanout, channel);

	assert(channel_is_live(channel));
	queue_for_members(channel, frame, 0);
	frame_unref(frame);
	if (channel->fanout.total > 0)
		fanout_set_total(channel, channel->fanout.total);
	if (channel->is_cache)
		fanout->ops->on_subscribed(fanout->ctx, channel);
}

void fanout_send(struct channel *channel, struct frame *frame)
{
	(void)queue_for_members(channel, frame, 0);
}

void fanout_deliver(struct channel *channel, struct frame *frame,
		    uint64_t exclude)
{
	cache_wait_drop(channel, exclude);
	fanout_pass(channel, frame, exclude);
}

void fanout_pass(struct channel *channel, struct frame *frame, uint64_t exclude)
{
	metric_add_own(&stats()->deliveries,
		       queue_for_members(channel, frame, exclude));
}

void fanout_close(struct channel *channel, const struct close_cause *cause)
{
	uint32_t i;

	for (i = 0; i < channel->count; i++) {
		struct session *session = member_session(&channel->members[i]);

		conn_close(&session->conn, cause);
	}
}
