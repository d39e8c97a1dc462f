/* SPDX-License-Identifier: MIT
 *
 * What both programs are told, under the same names: the app, its channels,
 * and where PostgreSQL and Redis are.
 */
#ifndef COMMON_CONFIG_SETTINGS_H
#define COMMON_CONFIG_SETTINGS_H

#include "common/base/log.h"
#include "common/config/conf.h"

struct settings {
	char *apps; /* empty, or the apps: see app.h, for which the next are */
	char *app_id;
	char *app_key;    /* NULL where apps is given */
	char *app_secret; /* as well */
	char *encryption_master_key;
	char *webhooks; /* for webhooks_parse */
	char *channels; /* for channel_name_is_listed */
	char *durable_channels;
	int64_t event_max_bytes;
	int64_t client_events; /* 0 or 1 */
	int64_t presence_members_max;
	int64_t subscription_count; /* 0 or 1 */
	char *allowed_origins;
	int64_t connections_max, authorized_within_s;
	char *database;       /* a libpq conninfo */
	char *redis;          /* for address_parse */
	char *redis_user;     /* empty: none */
	char *redis_password; /* empty: none */
	char *redis_prefix;
	char *log_level, *log_format;
	char *ops_listen; /* for address_parse; empty: nowhere */
};

/* The group that fills *settings. */
struct conf_group settings_group(struct settings *settings);

/* From here on the log is what these settings want. */
void settings_start_log(const struct settings *settings, const char *program);

#endif
