/* SPDX-License-Identifier: MIT
 *
 * Parses and validates the events that an app's server triggers. Pure.
 */
#ifndef MESSAGES_FCGI_API_TRIGGER_H
#define MESSAGES_FCGI_API_TRIGGER_H

#include <stdbool.h>

#include "common/config/app.h"
#include "messages-fcgi/http/api_error.h"

#define TRIGGER_CHANNELS_MAX 100
#define TRIGGER_BATCH_MAX 10

/* The maximum of both. */
#define TRIGGER_EVENTS_MAX 100

/* One event in one channel. Everything is borrowed from the body. */
struct trigger_event {
	struct span channel, name, data;
	struct span socket_id; /* of the excluded client; or absent */
	unsigned wanted;       /* flags of channel_info.h */
};

/* Owns the body's JSON. An event in many channels counts once for each. */
struct trigger {
	struct json_object *json;
	struct trigger_event events[TRIGGER_EVENTS_MAX];
	size_t count;
	bool wants_info; /* some event does */
};

/* Fill *trigger from the body of POST …/events or …/batch_events. 0, or -1 and
 * the error: one wrong event refuses the whole body. The caller calls
 * trigger_release in both cases. */
int trigger_init_event(struct trigger *trigger, struct span body,
		       const struct app *app,
		       struct api_error *error) MUST_CHECK;
int trigger_init_batch(struct trigger *trigger, struct span body,
		       const struct app *app,
		       struct api_error *error) MUST_CHECK;

void trigger_release(struct trigger *trigger);

/* The maximum size of a body that the app may send, in bytes. */
size_t trigger_body_max_bytes(const struct app *app);

#endif
