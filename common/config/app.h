/* SPDX-License-Identifier: MIT
 *
 * The apps. Each has an id, which its server uses, a key, which its clients
 * use, and a secret, which only its server knows. The environment describes one
 * app, or a JSON text describes several:
 *
 *     {"apps": [{"id": "1", "key": "…", "secret": "…",
 *                "durable_channels": ["orders-*"], "event_max_bytes": 10240,
 *                "encryption_master_key": "…",
 *                "allowed_origins": ["https://example.org"],
 *                "client_events": false, "enabled": true,
 *                "connections_max": 1000, "authorized_within_s": 30,
 *                "presence_members_max": 100, "subscription_count": false,
 *                "webhooks": ["https://example.org/hook"]}, …]}
 *
 * Only id, key and secret are required. The first app is that of the page: only
 * it has /messages and the auth endpoints.
 */
#ifndef COMMON_CONFIG_APP_H
#define COMMON_CONFIG_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/config/webhook.h"

/* Longest id, in characters. */
#define APP_ID_MAX 20

/* Length of the master key of encrypted channels. */
#define APP_MASTER_KEY_BYTES 32

/* Largest event_max_bytes: every queue holds events as a whole. */
#define APP_EVENT_MAX_BYTES 1048576

/* Largest value of the limits of an app for which 0 means no limit. */
#define APP_LIMIT_MAX 1000000

/* Strings are never NULL. Lists are separated by commas. */
struct app {
	char *id, *key, *secret;
	char *channels; /* with a history, and anyone may post to them */
	char *durable_channels;       /* more channels with a history */
	char *allowed_origins;        /* for origin_is_listed; empty: any */
	char *encryption_master_key;  /* in base64; empty: none */
	int64_t event_max_bytes;      /* of the data of an event */
	int64_t presence_members_max; /* of one channel; 0: no limit */
	int64_t connections_max;      /* to one relay; 0: no limit */
	int64_t authorized_within_s;  /* else it is closed; 0: no limit */
	bool client_events;
	bool enabled; /* false: accepts neither clients nor servers */
	bool subscription_count; /* is sent to subscribers */
	struct webhooks webhooks;
};

/* The options of the app that the environment describes. Where a JSON text
 * describes the apps, the last fields are the defaults of each. Strings are
 * never NULL except key and secret. */
struct app_defaults {
	char *json; /* the JSON text; empty if it is not given */
	char *id;
	char *key;    /* NULL if a JSON text is given, even an empty file */
	char *secret; /* NULL likewise */
	char *encryption_master_key;
	char *webhooks; /* for webhooks_parse */
	char *channels; /* of the first app, for channel_name_is_listed */

	char *durable_channels, *allowed_origins;
	int64_t event_max_bytes;
	int64_t presence_members_max, connections_max, authorized_within_s;
	int64_t client_events, subscription_count; /* 0 or 1 */
};

/* All apps, at least one. Owns them. */
struct apps {
	struct app *all;
	size_t count;
};

/* Fills *apps. 0, or -1 and one line in *error that names the fault and its
 * place. The caller calls apps_release in both cases. */
int apps_load(struct apps *apps, const struct app_defaults *defaults,
	      struct buf *error) MUST_CHECK;
void apps_release(struct apps *apps);

/* The app with this id or key, or NULL. */
const struct app *apps_find_id(const struct apps *apps, struct span id);
const struct app *apps_find_key(const struct apps *apps, struct span key);

/* Whether the channel has a history. A user's channel, whose name is not a
 * valid one, never has. */
bool app_is_durable(const struct app *app, struct span channel);

/* Whether any channel of the app may have a history. */
bool app_has_history(const struct app *app);

/* Each is a conf_check_fn. */
const char *app_check_id(const char *s);
const char *app_check_key(const char *s);
const char *app_check_secret(const char *s);
const char *app_check_master_key(const char *s);

#endif
