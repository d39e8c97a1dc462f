/* SPDX-License-Identifier: MIT
 *
 * Builds webhooks from the configuration. The check of a URL finds typing
 * errors only; the first request shows whether a server answers.
 */
#include "common/config/webhook.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/json.h"

static const char *const event_names[] = {
	"channel_occupied",   "channel_vacated", "member_added",
	"member_removed",     "client_event",    "cache_miss",
	"subscription_count",
};

static bool is_event_name(const char *s)
{
	size_t i;

	for (i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (strcmp(s, event_names[i]) == 0)
			return true;
	return false;
}

static bool is_url(struct span s)
{
	size_t scheme = span_starts(s, "https://")  ? 8
			: span_starts(s, "http://") ? 7
						    : 0;
	size_t i;

	if (scheme == 0 || s.len == scheme || s.ptr[scheme] == '/')
		return false;
	for (i = scheme; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

static bool has_url(const struct webhooks *hooks, struct span url)
{
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (span_is(url, hooks->all[i].url))
			return true;
	return false;
}

static const char *add_webhook(struct webhooks *hooks, struct span url,
			       const char *events)
{
	if (!is_url(url))
		return "has an item that is not an http:// or https:// URL";
	if (has_url(hooks, url))
		return "names a URL twice";
	hooks->all =
		xrealloc(hooks->all, (hooks->count + 1) * sizeof(*hooks->all));
	hooks->all[hooks->count++] = (struct webhook){
		.url = xstrndup(url.ptr, url.len),
		.events = xstrdup(events),
	};
	return NULL;
}

const char *webhooks_parse(struct webhooks *hooks, const char *list)
{
	const char *why = NULL;

	for (list += strspn(list, ", \t"); why == NULL && *list != '\0';
	     list += strspn(list, ", \t")) {
		size_t len = strcspn(list, ", \t");

		why = add_webhook(hooks, span_of(list, len), "");
		list += len;
	}
	return why;
}

/* Adds the names, separated by commas, and a NUL. NULL, or the error. */
static const char *join_events(struct json_object *array, struct buf *events)
{
	size_t i;

	if (!json_object_is_type(array, json_type_array) ||
	    json_object_array_length(array) == 0)
		return "has events that are not an array of names";
	for (i = 0; i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (!json_object_is_type(item, json_type_string) ||
		    !is_event_name(json_object_get_string(item)))
			return "has an unknown event";
		if (i > 0)
			buf_add_char(events, ',');
		buf_add_str(events, json_object_get_string(item));
	}
	buf_add_char(events, '\0');
	return NULL;
}

static const char *take_object(struct webhooks *hooks,
			       struct json_object *object)
{
	struct json_object *array;
	struct buf events = BUF_INIT;
	const char *why;

	if (json_object_object_length(object) != 2 ||
	    !json_object_object_get_ex(object, "events", &array))
		return "has an object with other members than url and events";
	why = join_events(array, &events);
	if (why == NULL)
		why = add_webhook(hooks, json_get_string(object, "url"),
				  events.data);
	buf_release(&events);
	return why;
}

static const char *take_webhook(struct webhooks *hooks,
				struct json_object *item)
{
	if (json_object_is_type(item, json_type_string))
		return add_webhook(hooks,
				   span_str(json_object_get_string(item)), "");
	if (json_object_is_type(item, json_type_object))
		return take_object(hooks, item);
	return "has an item that is neither a string nor an object";
}

const char *webhooks_take(struct webhooks *hooks, struct json_object *array)
{
	const char *why = NULL;
	size_t i;

	if (!json_object_is_type(array, json_type_array))
		return "is not an array";
	for (i = 0; why == NULL && i < json_object_array_length(array); i++)
		why = take_webhook(hooks, json_object_array_get_idx(array, i));
	return why;
}

void webhooks_release(struct webhooks *hooks)
{
	size_t i;

	for (i = 0; i < hooks->count; i++) {
		free(hooks->all[i].url);
		free(hooks->all[i].events);
	}
	free(hooks->all);
	*hooks = (struct webhooks)WEBHOOKS_INIT;
}

const char *webhooks_check(const char *list)
{
	struct webhooks hooks = WEBHOOKS_INIT;
	const char *why = webhooks_parse(&hooks, list);

	webhooks_release(&hooks);
	return why;
}

bool webhook_wants(const struct webhook *hook, struct span event)
{
	const char *at = hook->events;

	if (*at == '\0')
		return true;
	for (; *at != '\0'; at += strspn(at, ",")) {
		size_t len = strcspn(at, ",");

		if (span_equal(event, span_of(at, len)))
			return true;
		at += len;
	}
	return false;
}
