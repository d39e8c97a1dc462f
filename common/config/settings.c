/* SPDX-License-Identifier: MIT
 *
 * The table of the options that both programs share.
 */
#include "common/config/settings.h"

#include "common/base/text.h"
#include "common/config/address.h"
#include "common/config/origin.h"

/* In names in Redis a ':' ends the prefix, so it must not contain one. */
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

#define INT(...) CONF_INT_OPTION(settings, __VA_ARGS__)

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
	       "Several apps as a JSON text, in place of PUSHLOG_APP_ID, "
	       "PUSHLOG_APP_KEY, PUSHLOG_APP_SECRET, "
	       "PUSHLOG_ENCRYPTION_MASTER_KEY and PUSHLOG_WEBHOOKS. The "
	       "section APPS of the manual page describes it. It holds "
	       "secrets, so give it as PUSHLOG_APPS_FILE."),
	APP("PUSHLOG_APP_ID", app.id, "1", app_check_id,
	    "The id of the app, 1 to 20 digits. Its server uses the id "
	    "in the paths of the HTTP API."),
	APP("PUSHLOG_APP_KEY", app.key, NULL, app_check_key,
	    "The key of the app, with which its clients connect: "
	    "letters, digits, '-' and '_'. It is public. Required "
	    "unless PUSHLOG_APPS is given."),
	APP_SECRET("PUSHLOG_APP_SECRET", app.secret, NULL, app_check_secret,
		   "The secret of the app, at least 16 characters, which only "
		   "its server knows. Required unless PUSHLOG_APPS is given. "
		   "Better given as a file."),
	APP_SECRET("PUSHLOG_ENCRYPTION_MASTER_KEY", app.encryption_master_key,
		   "", app_check_master_key,
		   "The master key of encrypted channels, 32 bytes in base64, "
		   "the same as that of the app's server. With it /pusher/auth "
		   "gives pages the keys of these channels. Better given as a "
		   "file."),
	APP_SECRET("PUSHLOG_WEBHOOKS", app.webhooks, "", webhooks_check,
		   "URLs of the app's server, separated by commas, to which "
		   "messages-fcgi posts the events of the app's channels. It "
		   "needs a network for that: webhooks.conf opens the sandbox "
		   "of the systemd service, WEBHOOKS_NETWORK that of the "
		   "container."),
	STRING("PUSHLOG_CHANNELS", app.channels, "messages,room-*", NULL,
	       "Public channels with a history that anyone may read and "
	       "post to: shell patterns, separated by commas. Both "
	       "programs need the same value."),
	STRING("PUSHLOG_DURABLE_CHANNELS", app.durable_channels, "", NULL,
	       "More channels with a history, of any kind, to which only "
	       "the app's server posts: shell patterns, separated by "
	       "commas. Both programs need the same value."),
	INT("PUSHLOG_EVENT_MAX_BYTES", app.event_max_bytes, "10240", 1,
	    APP_EVENT_MAX_BYTES,
	    "Maximum size of the data of an event that the app's server "
	    "triggers, in bytes."),
	INT("PUSHLOG_CLIENT_EVENTS", app.client_events, "0", 0, 1,
	    "1: clients may send events to the private and presence "
	    "channels that they subscribe to."),
	INT("PUSHLOG_PRESENCE_MEMBERS_MAX", app.presence_members_max, "100", 0,
	    APP_LIMIT_MAX,
	    "Maximum number of users in one presence channel. 0: no "
	    "limit."),
	INT("PUSHLOG_SUBSCRIPTION_COUNT", app.subscription_count, "0", 0, 1,
	    "1: the subscribers of a channel receive the number of "
	    "subscribers whenever it changes. Presence channels have "
	    "lists of members instead."),
	STRING("PUSHLOG_ALLOWED_ORIGINS", app.allowed_origins, "",
	       origin_check_list,
	       "Origins of the pages that may connect, post and read, as "
	       "browsers send them, separated by commas: "
	       "https://example.org or https://example.org:8443. A label "
	       "of the host may be '*', which stands for any one label. "
	       "Empty: any origin may connect, but only same-origin pages "
	       "may post and read. Requests without an Origin header are "
	       "always allowed."),
	INT("PUSHLOG_CONNECTIONS_MAX", app.connections_max, "0", 0,
	    APP_LIMIT_MAX,
	    "Maximum number of connections of one app to one relay, over "
	    "all its workers. 0: no limit."),
	INT("PUSHLOG_AUTHORIZED_WITHIN_S", app.authorized_within_s, "0", 0,
	    APP_LIMIT_MAX,
	    "Seconds that a connection has to sign in or to subscribe "
	    "to a channel that is not public, before it is closed. 0: "
	    "no limit."),
	SECRET("PUSHLOG_DATABASE", database, "dbname=pushlog", NULL,
	       "Connection string of PostgreSQL, as libpq takes it. Better "
	       "given as a file if it holds a password."),
	STRING("PUSHLOG_REDIS", redis, "127.0.0.1:6379", address_check,
	       "Address of Redis, unix:/path or host:port."),
	STRING("PUSHLOG_REDIS_USER", redis_user, "", NULL,
	       "User name for Redis. Empty: the default user."),
	SECRET("PUSHLOG_REDIS_PASSWORD", redis_password, "", NULL,
	       "Password for Redis. Empty: none. Better given as a file."),
	STRING("PUSHLOG_REDIS_PREFIX", redis_prefix, "pushlog", check_prefix,
	       "First part of the names of all channels and keys in Redis. "
	       "Both programs need the same value."),
	STRING("PUSHLOG_LOG_LEVEL", log_level, "info", check_log_level,
	       "The least severe messages that are logged: error, warn, "
	       "info or debug. debug logs every connection that opens or "
	       "closes."),
	STRING("PUSHLOG_LOG_FORMAT", log_format, "auto", check_log_format,
	       "Format of the log: text, json or auto. auto is text, or "
	       "lines for the journal if standard error goes there."),
	STRING("PUSHLOG_OPS_LISTEN", ops_listen, "", check_ops_listen,
	       "Where the program answers /healthz, /readyz and /metrics "
	       "over HTTP, unix:/path or host:port. Each program needs an "
	       "address of its own, which the public must not reach. "
	       "Empty: nowhere."),
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
