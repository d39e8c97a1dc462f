/* SPDX-License-Identifier: MIT
 *
 * The rules for triggered events. After them nothing is left that PostgreSQL
 * could refuse. Knows neither HTTP's bytes nor the log.
 */
#include "messages-fcgi/api/trigger.h"

#include <assert.h>
#include <json-c/json_object.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "common/wire/socket_id.h"
#include "messages-fcgi/api/channel_info.h"

#define NAME_MAX_CHARACTERS 200
/* JSON may write each ASCII character as \uXXXX; nothing grows more. */
#define ENCODING_FACTOR 6
/* Of the events of one body: names of members, of channels, of the events. */
#define BODY_SLACK_BYTES 65536

static_assert(TRIGGER_EVENTS_MAX >= TRIGGER_CHANNELS_MAX &&
		      TRIGGER_EVENTS_MAX >= TRIGGER_BATCH_MAX,
	      "both kinds of body find room");

static bool has(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) &&
	       member != NULL;
}

/* A member that is a string. */
static int take_string(struct json_object *object, const char *name,
		       struct span *value, struct api_error *error)
{
	*value = json_get_string(object, name);
	if (value->ptr == NULL)
		return api_error_set(error, 400,
				     "Expected %s parameter to be a string",
				     name);
	return 0;
}

static int take_socket_id(struct json_object *object, struct span *socket_id,
			  struct api_error *error)
{
	*socket_id = span_of(NULL, 0);
	if (!has(object, "socket_id"))
		return 0;
	if (take_string(object, "socket_id", socket_id, error) == -1)
		return -1;
	if (socket_id_parse(*socket_id) == 0)
		return api_error_set(error, 400, "Invalid socket_id");
	return 0;
}

/* All of it but the channel. */
static int take_event(struct trigger *trigger, struct json_object *object,
		      const struct app *app, struct trigger_event *event,
		      struct api_error *error)
{
	if (take_string(object, "name", &event->name, error) == -1 ||
	    take_string(object, "data", &event->data, error) == -1 ||
	    take_socket_id(object, &event->socket_id, error) == -1)
		return -1;
	if (event->name.len == 0)
		return api_error_set(error, 400, "The event name is empty");
	if (text_count_characters(event->name) > NAME_MAX_CHARACTERS)
		return api_error_set(
			error, 400,
			"The event name is longer than %d characters",
			NAME_MAX_CHARACTERS);
	if (event->data.len > (size_t)app->event_max_bytes)
		return api_error_set(
			error, 413,
			"The data content of this event exceeds the "
			"allowed maximum (%lld bytes).",
			(long long)app->event_max_bytes);
	event->wanted = 0;
	if (has(object, "info")) {
		trigger->wants_info = true;
		(void)channel_info_parse(json_get_string(object, "info"),
					 &event->wanted);
	}
	return 0;
}

static int add(struct trigger *trigger, const struct trigger_event *event,
	       struct span channel, struct api_error *error)
{
	if (!channel_name_is_valid(channel) &&
	    channel_name_user(channel).ptr == NULL) {
		api_error_set(error, 400, "Invalid channel name: ");
		json_add_string(&error->text, channel);
		return -1;
	}
	trigger->events[trigger->count] = *event;
	trigger->events[trigger->count].channel = channel;
	if (channel_name_kind(channel) != CHANNEL_NAME_PRESENCE)
		trigger->events[trigger->count].wanted &= ~CHANNEL_INFO_USERS;
	trigger->count++;
	return 0;
}

static bool has_channel(const struct trigger *trigger, struct span channel)
{
	size_t i;

	for (i = 0; i < trigger->count; i++)
		if (span_equal(trigger->events[i].channel, channel))
			return true;
	return false;
}

/* Adds the event once for each name of the array, however often it is there. */
static int add_to_all(struct trigger *trigger,
		      const struct trigger_event *event,
		      struct json_object *channels, struct api_error *error)
{
	size_t count, i;

	if (!json_object_is_type(channels, json_type_array))
		return api_error_set(
			error, 400,
			"Expected channels parameter to be an array");
	count = json_object_array_length(channels);
	if (count == 0 || count > TRIGGER_CHANNELS_MAX)
		return api_error_set(
			error, 400,
			"An event goes to 1 to %d channels, not %zu",
			TRIGGER_CHANNELS_MAX, count);
	for (i = 0; i < count; i++) {
		struct json_object *name =
			json_object_array_get_idx(channels, i);
		struct span channel;

		if (!json_object_is_type(name, json_type_string))
			return api_error_set(error, 400,
					     "Expected channels[%zu] to be a "
					     "string",
					     i);
		channel = span_of(json_object_get_string(name),
				  (size_t)json_object_get_string_len(name));
		if (!has_channel(trigger, channel) &&
		    add(trigger, event, channel, error) == -1)
			return -1;
	}
	return 0;
}

static int parse_trigger_body(struct trigger *trigger, struct span body,
			      struct api_error *error)
{
	const char *why;

	*trigger = (struct trigger){ .json = NULL };
	if (json_parse_object(body, &trigger->json, &why) == 0)
		return 0;
	trigger->json = NULL;
	return api_error_set(error, 400, "The body does not parse as JSON: %s",
			     why);
}

int trigger_init_event(struct trigger *trigger, struct span body,
		       const struct app *app, struct api_error *error)
{
	struct json_object *channels = NULL;
	struct trigger_event event;
	struct span channel;

	if (parse_trigger_body(trigger, body, error) == -1 ||
	    take_event(trigger, trigger->json, app, &event, error) == -1)
		return -1;
	json_object_object_get_ex(trigger->json, "channels", &channels);
	if (channels != NULL && has(trigger->json, "channel"))
		return api_error_set(error, 400,
				     "Both channel and channels are given");
	if (channels != NULL)
		return add_to_all(trigger, &event, channels, error);
	if (take_string(trigger->json, "channel", &channel, error) == -1)
		return -1;
	return add(trigger, &event, channel, error);
}

static int add_item(struct trigger *trigger, struct json_object *item,
		    const struct app *app, struct api_error *error)
{
	struct trigger_event event;
	struct span channel;

	if (!json_object_is_type(item, json_type_object))
		return api_error_set(error, 400,
				     "Expected batch to be an array of events");
	if (take_string(item, "channel", &channel, error) == -1 ||
	    take_event(trigger, item, app, &event, error) == -1)
		return -1;
	return add(trigger, &event, channel, error);
}

int trigger_init_batch(struct trigger *trigger, struct span body,
		       const struct app *app, struct api_error *error)
{
	struct json_object *batch = NULL;
	size_t count, i;

	if (parse_trigger_body(trigger, body, error) == -1)
		return -1;
	json_object_object_get_ex(trigger->json, "batch", &batch);
	if (!json_object_is_type(batch, json_type_array))
		return api_error_set(error, 400,
				     "Expected batch to be an array of events");
	count = json_object_array_length(batch);
	if (count > TRIGGER_BATCH_MAX)
		return api_error_set(error, 400,
				     "A batch has at most %d events, not %zu",
				     TRIGGER_BATCH_MAX, count);
	for (i = 0; i < count; i++)
		if (add_item(trigger, json_object_array_get_idx(batch, i), app,
			     error) == -1)
			return -1;
	return 0;
}

void trigger_release(struct trigger *trigger)
{
	json_object_put(trigger->json);
	trigger->json = NULL;
}

size_t trigger_body_max_bytes(const struct app *app)
{
	return ENCODING_FACTOR * TRIGGER_BATCH_MAX *
		       (size_t)app->event_max_bytes +
	       BODY_SLACK_BYTES;
}
