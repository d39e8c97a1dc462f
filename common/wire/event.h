/* SPDX-License-Identifier: MIT
 *
 * An event, and its encoding as a Pusher event. messages-fcgi encodes the
 * events that it publishes, and relay those that it reads from the log, with
 * the same function, so both are byte-identical. Pure.
 */
#ifndef COMMON_WIRE_EVENT_H
#define COMMON_WIRE_EVENT_H

#include <stdint.h>

#include "common/base/buf.h"

/* The name of the event of a chat message. */
#define EVENT_NEW_MESSAGE "new_message"

/* A row of pushlog.event. The spans are borrowed and valid UTF-8. A chat
 * message has name and text, and no data; any other event has data alone. */
struct event {
	struct span channel;
	int64_t id;      /* from 1; 0: the event is not in the log */
	int64_t time_ms; /* since 1970 */
	struct span event;
	struct span name, text;
	struct span data;
	struct span exclude; /* a socket that does not receive it, or absent */
};

/* Adds a chat message as the HTTP API returns it:
 * {"id":1,"name":"…","text":"…","time":…} */
void event_add_message(struct buf *buf, const struct event *event);

/* Adds the Pusher event, the payload of a WebSocket frame:
 * {"event":"…","channel":"…","data":"…","id":1}, without id if that is 0. */
void event_encode(struct buf *buf, const struct event *event);

/* The id in a text that event_encode has added; 0 if it has none. */
int64_t event_encoded_id(struct span text);

#endif
