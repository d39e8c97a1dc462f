/* SPDX-License-Identifier: MIT
 *
 * The apps: each has an id, by which its server names it, a key, by which its
 * clients do, and a secret, which only its server has. One by environment, or
 * several by a JSON text:
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
 * Only the first three must be given. The first app is the page's: /messages
 * and the auth endpoints are its own.
 */
#ifndef COMMON_CONFIG_APP_H
#define COMMON_CONFIG_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/config/webhook.h"

/* Of an id, in characters. */
#define APP_ID_MAX 20

/* Of the key of encrypted channels, which is written in base64. */
#define APP_MASTER_KEY_BYTES 32

/* The most that event_max_bytes may be: an event travels whole through every
 * queue. */
#define APP_EVENT_MAX_BYTES 1048576

/* The most that a limit of an app may be, where 0 is none. */
#define APP_LIMIT_MAX 1000000

/* Strings are never NULL, and lists have commas in between. */
struct app {
	char *id, *key, *secret;
	char *channels;         /* anyone may post to, and have a history */
	char *durable_channels; /* more channels with a history */
	char *allowed_origins;  /* for origin_is_listed; empty: any */
	char *encryption_master_key;  /* in base64; empty: none */
	int64_t event_max_bytes;      /* of the data of an event */
	int64_t presence_members_max; /* of one channel; 0: any number */
	int64_t connections_max;      /* of one relay; 0: any number */
	int64_t authorized_within_s;  /* or it is closed; 0: never */
	bool client_events;
	bool enabled;            /* or nobody is let in */
	bool subscription_count; /* is told to subscribers */
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

/* At least one. Owns them. */
struct apps {
	struct app *all;
	size_t count;
};

/* Fills *apps. 0, or -1 with one line on what is wrong in *error. The caller
 * calls apps_release in both cases. */
int apps_load(struct apps *apps, const struct app_defaults *defaults,
	      struct buf *error) MUST_CHECK;
void apps_release(struct apps *apps);

/* NULL if there is none. */
const struct app *apps_find_id(const struct apps *apps, struct span id);
const struct app *apps_find_key(const struct apps *apps, struct span key);

/* Whether the events of a channel are logged; those of a user's, whose name is
 * no valid one, never are. */
bool app_is_durable(const struct app *app, struct span channel);

/* Whether there is any such channel. */
bool app_has_history(const struct app *app);

/* A conf_check_fn each. */
const char *app_check_id(const char *s);
const char *app_check_key(const char *s);
const char *app_check_secret(const char *s);
const char *app_check_master_key(const char *s);

#endif
