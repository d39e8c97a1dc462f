/* SPDX-License-Identifier: MIT
 *
 * An event of the log, and the bytes it becomes. Publisher and heal both
 * encode by event_encode, so a healed event is byte-identical to the live one.
 * Pure.
 */
#ifndef COMMON_WIRE_EVENT_H
#define COMMON_WIRE_EVENT_H

#include <stdint.h>

#include "common/base/buf.h"

/* The name of a chat message's event. */
#define EVENT_NEW_MESSAGE "new_message"

/* A row of pushlog.event. Everything in it is borrowed. A chat message has
 * name and text, any other event has data; what it has not is absent. All text
 * is valid UTF-8. */
struct event {
	struct span channel;
	int64_t id;      /* from 1; 0: the event is not in the log */
	int64_t time_ms; /* since 1970 */
	struct span event;
	struct span name, text;
	struct span data;
	struct span exclude; /* socket id that is not to receive it */
};

/* Adds a chat message as readers and posters get it:
 * {"id":1,"name":"…","text":"…","time":…} */
void event_add_message(struct buf *buf, const struct event *event);

/* Adds the finished Pusher event, as it stands in a WebSocket frame:
 * {"event":"…","channel":"…","data":"…","id":1}; without id if that is 0. */
void event_encode(struct buf *buf, const struct event *event);

/* The id in what event_encode has added; 0 if there is none. */
int64_t event_encoded_id(struct span text);

#endif
