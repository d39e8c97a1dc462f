/* SPDX-License-Identifier: MIT
 *
 * The table of the options that both programs share.
 */
#include "common/config/settings.h"

#include "common/base/text.h"
#include "common/config/address.h"
#include "common/config/origin.h"

/* It stands in Redis channel names, where it must not end early. */
static const char *check_prefix(const char *s)
{
	return text_is_made_of(s, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
		       ? NULL
		       : "is not made of letters, digits, '-', '_' and '.'";
}

static const char *check_ops_listen(const char *s)
{
	return s[0] == '\0' ? NULL : address_check(s);
}

static const char *check_log_level(const char *s)
{
	enum log_level level;

	return log_parse_level(s, &level) == 0
		       ? NULL
		       : "is not one of error, warn, info, debug";
}

static const char *check_log_format(const char *s)
{
	enum log_format format;

	return log_parse_format(s, &format) == 0
		       ? NULL
		       : "is not one of auto, text, json";
}

#define STRING(env, field, def, checker, text)                                 \
	{                                                                      \
		.name = env, .type = CONF_STRING,                              \
		.offset = offsetof(struct settings, field), .value = def,      \
		.check = checker, .help = text                                 \
	}
#define SECRET(env, field, def, checker, text)                                 \
	{                                                                      \
		.name = env, .type = CONF_STRING,                              \
		.offset = offsetof(struct settings, field), .value = def,      \
		.secret = true, .check = checker, .help = text                 \
	}

#define APPS "PUSHLOG_APPS"
#define APP(env, field, def, checker, text)                                    \
	{                                                                      \
		.name = env, .type = CONF_STRING,                              \
		.offset = offsetof(struct settings, field), .value = def,      \
		.instead = APPS, .check = checker, .help = text                \
	}
#define APP_SECRET(env, field, def, checker, text)                             \
	{                                                                      \
		.name = env, .type = CONF_STRING,                              \
		.offset = offsetof(struct settings, field), .value = def,      \
		.instead = APPS, .secret = true, .check = checker,             \
		.help = text                                                   \
	}

static const struct conf_option settings_table[] = {
	SECRET(APPS, app.json, "", NULL,
	       "several apps, JSON, in place of the next five"),
	APP("PUSHLOG_APP_ID", app.id, "1", app_check_id,
	    "the app's id, digits"),
	APP("PUSHLOG_APP_KEY", app.key, NULL, app_check_key,
	    "the app's key, public: clients connect with it"),
	APP_SECRET("PUSHLOG_APP_SECRET", app.secret, NULL, app_check_secret,
		   "the app's secret, at least 16 characters"),
	APP_SECRET("PUSHLOG_ENCRYPTION_MASTER_KEY", app.encryption_master_key,
		   "", app_check_master_key,
		   "what the app encrypts with, 32 bytes in base64"),
	APP_SECRET("PUSHLOG_WEBHOOKS", app.webhooks, "", webhooks_check,
		   "URLs that are told what happens in channels"),
	STRING("PUSHLOG_CHANNELS", app.channels, "messages,room-*", NULL,
	       "public channels with a history that anyone may post to: "
	       "shell patterns"),
	STRING("PUSHLOG_DURABLE_CHANNELS", app.durable_channels, "", NULL,
	       "more channels with a history, which the app's server posts to"),
	{ .name = "PUSHLOG_EVENT_MAX_BYTES",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.event_max_bytes),
	  .value = "10240",
	  .min = 1,
	  .max = APP_EVENT_MAX_BYTES,
	  .help = "longest data of an event that the app's server triggers" },
	{ .name = "PUSHLOG_CLIENT_EVENTS",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.client_events),
	  .value = "0",
	  .max = 1,
	  .help = "1: clients may send events to private and presence "
		  "channels" },
	{ .name = "PUSHLOG_PRESENCE_MEMBERS_MAX",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.presence_members_max),
	  .value = "100",
	  .max = APP_LIMIT_MAX,
	  .help = "users in one presence channel, 0 for any number" },
	{ .name = "PUSHLOG_SUBSCRIPTION_COUNT",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.subscription_count),
	  .value = "0",
	  .max = 1,
	  .help = "1: subscribers are told how many they are" },
	STRING("PUSHLOG_ALLOWED_ORIGINS", app.allowed_origins, "",
	       origin_check_list,
	       "origins of pages that may connect, post and read: "
	       "https://example.org"),
	{ .name = "PUSHLOG_CONNECTIONS_MAX",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.connections_max),
	  .value = "0",
	  .max = APP_LIMIT_MAX,
	  .help = "connections of an app to one relay, 0 for any number" },
	{ .name = "PUSHLOG_AUTHORIZED_WITHIN_S",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, app.authorized_within_s),
	  .value = "0",
	  .max = APP_LIMIT_MAX,
	  .help = "time to sign in or to subscribe to something that is not "
		  "public, 0 for ever" },
	SECRET("PUSHLOG_DATABASE", database, "dbname=pushlog", NULL,
	       "PostgreSQL, a libpq conninfo"),
	STRING("PUSHLOG_REDIS", redis, "127.0.0.1:6379", address_check,
	       "Redis, unix:/path or host:port"),
	STRING("PUSHLOG_REDIS_USER", redis_user, "", NULL,
	       "user of Redis, if it has any"),
	SECRET("PUSHLOG_REDIS_PASSWORD", redis_password, "", NULL,
	       "password of Redis, if it has one"),
	STRING("PUSHLOG_REDIS_PREFIX", redis_prefix, "pushlog", check_prefix,
	       "first part of the names of channels and keys in Redis"),
	STRING("PUSHLOG_LOG_LEVEL", log_level, "info", check_log_level,
	       "error, warn, info or debug"),
	STRING("PUSHLOG_LOG_FORMAT", log_format, "auto", check_log_format,
	       "text, json, or auto: text, or what the journal wants"),
	STRING("PUSHLOG_OPS_LISTEN", ops_listen, "", check_ops_listen,
	       "where health and metrics are told, unix:/path or host:port"),
};

struct conf_group settings_group(struct settings *settings)
{
	return (struct conf_group){ settings_table,
				    sizeof(settings_table) /
					    sizeof(settings_table[0]),
				    settings };
}

void settings_start_log(const struct settings *settings, const char *program)
{
	enum log_level level = LOG_LEVEL_INFO;
	enum log_format format = LOG_FORMAT_AUTO;

	/* settings_group has checked both */
	if (log_parse_level(settings->log_level, &level) == -1 ||
	    log_parse_format(settings->log_format, &format) == -1)
		fatalx("the log cannot be started");
	log_init(program, level);
	log_set_format(format);
}
