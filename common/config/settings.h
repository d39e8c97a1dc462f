/* SPDX-License-Identifier: MIT
 *
 * The options that both programs have: the app, its channels, the addresses of
 * PostgreSQL and Redis, the log.
 */
#ifndef COMMON_CONFIG_SETTINGS_H
#define COMMON_CONFIG_SETTINGS_H

#include "common/base/log.h"
#include "common/config/app.h"
#include "common/config/conf.h"

struct settings {
	struct app_defaults app;
	char *database;       /* a libpq conninfo */
	char *redis;          /* for address_parse */
	char *redis_user;     /* empty: none */
	char *redis_password; /* empty: none */
	char *redis_prefix;
	char *log_level, *log_format;
	char *ops_listen; /* for address_parse; empty: nowhere */
};

/* The group of options that fills *settings. */
struct conf_group settings_group(struct settings *settings);

/* Sets the name, the level and the format of the log. */
void settings_start_log(const struct settings *settings, const char *program);

#endif
