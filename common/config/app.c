/* SPDX-License-Identifier: MIT
 *
 * Builds the apps from the configuration. Every error names the place of the
 * fault, because operators write the JSON text by hand.
 */
#include "common/config/app.h"

#include <json-c/json_object_iterator.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "common/config/conf.h"
#include "common/config/origin.h"

/* Shorter secrets can be guessed. */
#define SECRET_MIN 16

const char *app_check_id(const char *s)
{
	return text_is_made_of(s, "0123456789") && strlen(s) <= APP_ID_MAX
		       ? NULL
		       : "is not 1 to 20 digits";
}

const char *app_check_key(const char *s)
{
	return text_is_made_of(s, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
		       ? NULL
		       : "is not made of letters, digits, - and _";
}

const char *app_check_secret(const char *s)
{
	return strlen(s) >= SECRET_MIN ? NULL : "is shorter than 16 characters";
}

const char *app_check_master_key(const char *s)
{
	uint8_t key[APP_MASTER_KEY_BYTES];

	return s[0] == '\0' || crypto_parse_base64(span_str(s), key,
						   sizeof(key)) == 0
		       ? NULL
		       : "is not 32 bytes in base64";
}

/* Commas and blanks separate the items of a list. */
static const char *check_item(const char *s)
{
	return s[0] != '\0' && s[strcspn(s, ", \t")] == '\0'
		       ? NULL
		       : "has an item that is empty or has a comma or a blank";
}

static char **string_member(struct app *app, size_t offset)
{
	return (char **)(void *)((char *)app + offset);
}

/* Stores the value of a member in the field at offset. Returns NULL, or the
 * error in static memory. */
typedef const char *take_fn(struct app *app, size_t offset,
			    struct json_object *value);

static const char *take_string_member(struct app *app, size_t offset,
				      struct json_object *value)
{
	char **field = string_member(app, offset);

	if (!json_object_is_type(value, json_type_string))
		return "is not a string";
	free(*field);
	*field = xstrdup(json_object_get_string(value));
	return NULL;
}

static const char *take_string_list(struct app *app, size_t offset,
				    struct json_object *value)
{
	struct buf list = BUF_INIT;
	const char *why = NULL;
	char **field = string_member(app, offset);
	size_t i;

	if (!json_object_is_type(value, json_type_array))
		return "is not an array of strings";
	for (i = 0; why == NULL && i < json_object_array_length(value); i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!json_object_is_type(item, json_type_string)) {
			why = "is not an array of strings";
			break;
		}
		why = check_item(json_object_get_string(item));
		if (i > 0)
			buf_add_char(&list, ',');
		buf_add_str(&list, json_object_get_string(item));
	}
	buf_add_char(&list, '\0');
	free(*field);
	*field = xstrdup(list.data);
	buf_release(&list);
	return why;
}

static const char *take_size(struct app *app, size_t offset,
			     struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 1 ||
	    n > APP_EVENT_MAX_BYTES)
		return "is not a whole number from 1 to 1048576";
	memcpy((char *)app + offset, &n, sizeof(n));
	return NULL;
}

static const char *take_limit(struct app *app, size_t offset,
			      struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 0 ||
	    n > APP_LIMIT_MAX)
		return "is not a whole number from 0 to 1000000";
	memcpy((char *)app + offset, &n, sizeof(n));
	return NULL;
}

static const char *take_bool(struct app *app, size_t offset,
			     struct json_object *value)
{
	bool is_true = json_object_get_boolean(value) != 0;

	if (!json_object_is_type(value, json_type_boolean))
		return "is not true or false";
	memcpy((char *)app + offset, &is_true, sizeof(is_true));
	return NULL;
}

static const char *take_webhooks(struct app *app, size_t offset,
				 struct json_object *value)
{
	(void)offset; /* there is only one field of this type */
	return webhooks_take(&app->webhooks, value);
}

#define MEMBER(name, field, take)                                              \
	{                                                                      \
		name, offsetof(struct app, field), take, NULL, false           \
	}
#define CHECKED(name, field, check, is_required)                               \
	{                                                                      \
		name, offsetof(struct app, field), take_string_member, check,  \
			is_required                                            \
	}

static const struct member {
	const char *name;
	size_t offset;
	take_fn *take;
	const char *(*check)(const char *value); /* of a string, or NULL */
	bool is_required;
} members[] = {
	CHECKED("id", id, app_check_id, true),
	CHECKED("key", key, app_check_key, true),
	CHECKED("secret", secret, app_check_secret, true),
	CHECKED("encryption_master_key", encryption_master_key,
		app_check_master_key, false),
	MEMBER("durable_channels", durable_channels, take_string_list),
	{ "allowed_origins", offsetof(struct app, allowed_origins),
	  take_string_list, origin_check_list, false },
	MEMBER("event_max_bytes", event_max_bytes, take_size),
	MEMBER("presence_members_max", presence_members_max, take_limit),
	MEMBER("connections_max", connections_max, take_limit),
	MEMBER("authorized_within_s", authorized_within_s, take_limit),
	MEMBER("client_events", client_events, take_bool),
	MEMBER("subscription_count", subscription_count, take_bool),
	MEMBER("webhooks", webhooks, take_webhooks),
	MEMBER("enabled", enabled, take_bool),
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static const struct member *find_member(const char *name)
{
	size_t i;

	for (i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static int take_members(struct app *app, struct json_object *object,
			const char **name, const char **why)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const struct member *member;

		*name = json_object_iter_peek_name(&at);
		member = find_member(*name);
		*why = member == NULL
			       ? "is not a member of an app"
			       : member->take(app, member->offset,
					      json_object_iter_peek_value(&at));
		if (*why != NULL)
			return -1;
	}
	return 0;
}

static int check_members(struct app *app, const char **name, const char **why)
{
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		const char *value;

		if (members[i].check == NULL)
			continue;
		value = *string_member(app, members[i].offset);
		*name = members[i].name;
		*why = value[0] == '\0' && members[i].is_required
			       ? "is not given"
			       : members[i].check(value);
		if (*why != NULL)
			return -1;
	}
	return 0;
}

/* Checks that no earlier app has the same id or key. */
static int check_new(const struct apps *apps, const struct app *app,
		     const char **name, const char **why)
{
	*why = "is used by another app";
	*name = "id";
	if (apps_find_id(apps, span_str(app->id)) != NULL)
		return -1;
	*name = "key";
	return apps_find_key(apps, span_str(app->key)) != NULL ? -1 : 0;
}

static void init_app(struct app *app, const struct app_defaults *defaults)
{
	*app = (struct app){
		.id = xstrdup(""),
		.key = xstrdup(""),
		.secret = xstrdup(""),
		.channels = xstrdup(""),
		.durable_channels = xstrdup(defaults->durable_channels),
		.allowed_origins = xstrdup(defaults->allowed_origins),
		.encryption_master_key = xstrdup(""),
		.event_max_bytes = defaults->event_max_bytes,
		.connections_max = defaults->connections_max,
		.authorized_within_s = defaults->authorized_within_s,
		.client_events = defaults->client_events != 0,
		.presence_members_max = defaults->presence_members_max,
		.subscription_count = defaults->subscription_count != 0,
		.enabled = true,
	};
}

static void release_app(struct app *app)
{
	free(app->id);
	free(app->key);
	free(app->secret);
	free(app->channels);
	free(app->durable_channels);
	free(app->allowed_origins);
	free(app->encryption_master_key);
	webhooks_release(&app->webhooks);
}

static void replace_string(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

static int load_app(struct apps *apps, const struct app_defaults *defaults,
		    struct json_object *object, const char **name,
		    const char **why)
{
	struct app app;

	*name = NULL;
	if (!json_object_is_type(object, json_type_object)) {
		*why = "is not an object";
		return -1;
	}
	init_app(&app, defaults);
	if (take_members(&app, object, name, why) == -1 ||
	    check_members(&app, name, why) == -1 ||
	    check_new(apps, &app, name, why) == -1) {
		release_app(&app);
		return -1;
	}
	apps->all[apps->count++] = app;
	return 0;
}

/* The array "apps", which must be the only member; or NULL and *why. */
static struct json_object *find_array(struct json_object *object,
				      const char **why)
{
	struct json_object *array;

	if (!json_object_object_get_ex(object, "apps", &array) ||
	    json_object_object_length(object) != 1)
		*why = "the only member must be \"apps\"";
	else if (!json_object_is_type(array, json_type_array) ||
		 json_object_array_length(array) == 0)
		*why = "\"apps\" is not an array of apps";
	return *why == NULL ? array : NULL;
}

static int load_app_array(struct apps *apps,
			  const struct app_defaults *defaults,
			  struct json_object *array, struct buf *error)
{
	size_t count = json_object_array_length(array), i;
	const char *name, *why;

	apps->all = xcalloc(count, sizeof(*apps->all));
	for (i = 0; i < count; i++) {
		if (load_app(apps, defaults,
			     json_object_array_get_idx(array, i), &name,
			     &why) == 0)
			continue;
		conf_add_source(error, "PUSHLOG_APPS");
		buf_addf(error, ": apps[%zu]%s%s %s", i, name ? "." : "",
			 name ? name : "", why);
		return -1;
	}
	return 0;
}

static void load_single_app(struct app *app,
			    const struct app_defaults *defaults)
{
	init_app(app, defaults);
	replace_string(&app->id, defaults->id);
	replace_string(&app->key, defaults->key);
	replace_string(&app->secret, defaults->secret);
	replace_string(&app->encryption_master_key,
		       defaults->encryption_master_key);
	/* the table of options has checked it */
	if (webhooks_parse(&app->webhooks, defaults->webhooks) != NULL)
		fatalx("PUSHLOG_WEBHOOKS is not a list of URLs");
}

static int load_json(struct apps *apps, const struct app_defaults *defaults,
		     struct buf *error)
{
	struct json_object *object = NULL, *array = NULL;
	const char *why = NULL;
	int result = -1;

	if (json_parse_object(span_str(defaults->json), &object, &why) == 0)
		array = find_array(object, &why);
	if (array != NULL) {
		result = load_app_array(apps, defaults, array, error);
	} else {
		conf_add_source(error, "PUSHLOG_APPS");
		buf_addf(error, ": %s", why);
	}
	json_object_put(object);
	return result;
}

int apps_load(struct apps *apps, const struct app_defaults *defaults,
	      struct buf *error)
{
	*apps = (struct apps){ NULL, 0 };
	/* json cannot tell, because a file that is given may be empty */
	if (defaults->key == NULL) {
		if (load_json(apps, defaults, error) == -1)
			return -1;
	} else {
		apps->all = xcalloc(1, sizeof(*apps->all));
		apps->count = 1;
		load_single_app(&apps->all[0], defaults);
	}
	replace_string(&apps->all[0].channels, defaults->channels);
	return 0;
}

void apps_release(struct apps *apps)
{
	size_t i;

	for (i = 0; i < apps->count; i++)
		release_app(&apps->all[i]);
	free(apps->all);
	*apps = (struct apps){ NULL, 0 };
}

const struct app *apps_find_id(const struct apps *apps, struct span id)
{
	size_t i;

	for (i = 0; i < apps->count; i++)
		if (span_is(id, apps->all[i].id))
			return &apps->all[i];
	return NULL;
}

const struct app *apps_find_key(const struct apps *apps, struct span key)
{
	size_t i;

	for (i = 0; i < apps->count; i++)
		if (span_is(key, apps->all[i].key))
			return &apps->all[i];
	return NULL;
}

bool app_is_durable(const struct app *app, struct span channel)
{
	return channel_name_is_valid(channel) &&
	       (channel_name_is_durable(channel, app->channels) ||
		channel_name_is_listed(channel, app->durable_channels));
}

bool app_has_history(const struct app *app)
{
	return app->channels[0] != '\0' || app->durable_channels[0] != '\0';
}
