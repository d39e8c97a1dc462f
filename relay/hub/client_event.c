/* SPDX-License-Identifier: MIT
 *
 * One client event in three forms: an envelope, a webhook object, a frame.
 */
#include "relay/hub/client_event.h"

#include "common/base/json.h"
#include "common/wire/envelope.h"
#include "common/wire/socket_id.h"
#include "relay/protocol/pusher.h"

static void publish_event(const struct client_event *event,
			  struct roster *roster, struct span text)
{
	struct buf payload = BUF_INIT, socket_id = BUF_INIT;
	struct envelope envelope = { .event = text };

	socket_id_add(&socket_id, event->socket_id);
	envelope.exclude = buf_span(&socket_id);
	envelope_encode(&payload, &envelope);
	roster_publish(roster, event->topic, buf_span(&payload));
	buf_release(&payload);
	buf_release(&socket_id);
}

static void add_json_member(struct buf *json, const char *name,
			    struct span value)
{
	buf_add_str(json, ",\"");
	buf_add_str(json, name);
	buf_add_str(json, "\":");
	json_add_string(json, value);
}

static void queue_webhook(const struct client_event *event,
			  struct roster *roster)
{
	const struct app *app = event->channel->app;
	struct buf json = BUF_INIT, socket_id = BUF_INIT;

	if (app->webhooks.count == 0)
		return;
	socket_id_add(&socket_id, event->socket_id);
	buf_add_str(&json, "{\"name\":\"client_event\"");
	add_json_member(&json, "channel", channel_name(event->channel));
	add_json_member(&json, "event", event->name);
	add_json_member(&json, "data", event->data);
	add_json_member(&json, "socket_id", buf_span(&socket_id));
	if (event->user_id != NULL)
		add_json_member(&json, "user_id", span_str(event->user_id));
	buf_add_char(&json, '}');
	roster_webhook(roster, app->id, buf_span(&json));
	buf_release(&json);
	buf_release(&socket_id);
}

static void deliver_here(const struct client_event *event, struct span text)
{
	struct frame *frame = frame_new(WS_OP_TEXT, text);

	fanout_pass(event->channel, frame, event->socket_id);
	frame_unref(frame);
}

void client_event_send(const struct client_event *event, struct roster *roster,
		       bool is_heard)
{
	struct buf text = BUF_INIT;

	pusher_add_client_event(&text, event->name,
				channel_name(event->channel), event->data,
				event->user_id);
	if (roster_is_up(roster)) {
		publish_event(event, roster, buf_span(&text));
		queue_webhook(event, roster);
	}
	if (!roster_is_up(roster) || !is_heard)
		deliver_here(event, buf_span(&text));
	buf_release(&text);
}
