/* SPDX-License-Identifier: MIT
 *
 * Writes the JSON without a library.
 */
#include "messages-fcgi/log/row_json.h"

#include "common/base/json.h"

void row_json_add(struct buf *buf, const struct event *event)
{
	if (event->data.ptr == NULL) {
		event_add_message(buf, event);
		return;
	}
	buf_add_str(buf, "{\"id\":");
	buf_add_int(buf, event->id);
	buf_add_str(buf, ",\"event\":");
	json_add_string(buf, event->event);
	buf_add_str(buf, ",\"data\":");
	json_add_string(buf, event->data);
	buf_add_str(buf, ",\"time\":");
	buf_add_int(buf, event->time_ms);
	buf_add_char(buf, '}');
}
