/* SPDX-License-Identifier: MIT
 *
 * The only encoder of events.
 */
#include "common/wire/event.h"

#include "common/base/json.h"
#include "common/base/text.h"

void event_add_message(struct buf *buf, const struct event *event)
{
	buf_add_str(buf, "{\"id\":");
	buf_add_int(buf, event->id);
	buf_add_str(buf, ",\"name\":");
	json_add_string(buf, event->name);
	buf_add_str(buf, ",\"text\":");
	json_add_string(buf, event->text);
	buf_add_str(buf, ",\"time\":");
	buf_add_int(buf, event->time_ms);
	buf_add_char(buf, '}');
}

/* The data of a Pusher event is a string; a chat message's contains JSON. */
static void add_event_data(struct buf *buf, const struct event *event)
{
	struct buf message = BUF_INIT;

	if (event->data.ptr != NULL) {
		json_add_string(buf, event->data);
		return;
	}
	event_add_message(&message, event);
	json_add_string(buf, buf_span(&message));
	buf_release(&message);
}

void event_encode(struct buf *buf, const struct event *event)
{
	buf_add_str(buf, "{\"event\":");
	json_add_string(buf, event->event);
	buf_add_str(buf, ",\"channel\":");
	json_add_string(buf, event->channel);
	buf_add_str(buf, ",\"data\":");
	add_event_data(buf, event);
	if (event->id != 0) {
		buf_add_str(buf, ",\"id\":");
		buf_add_int(buf, event->id);
	}
	buf_add_char(buf, '}');
}

/* The id is the last member. A text without an id ends in a quotation mark and
 * a brace. */
int64_t event_encoded_id(struct span text)
{
	const char *colon =
		text.len > 0 ? memrchr(text.ptr, ':', text.len - 1) : NULL;
	struct span last;
	int64_t id;

	if (colon == NULL)
		return 0;
	last = span_of(colon + 1,
		       text.len - 1 - (size_t)(colon + 1 - text.ptr));
	return text_parse_int(last, &id) == 0 ? id : 0;
}
