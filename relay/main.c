/* SPDX-License-Identifier: MIT
 *
 * relay: fans messages out from Redis to WebSocket subscribers. Options, then
 * the master.
 */
#include "common/config/address.h"
#include "relay/backends/log_reader.h"
#include "relay/process/master.h"

#define INT(env, field, def, lowest, highest, text)                            \
	{                                                                      \
		.name = env, .type = CONF_INT,                                 \
		.offset = offsetof(struct options, field), .value = def,       \
		.min = lowest, .max = highest, .help = text                    \
	}

/* Fields as in worker_conf and master_conf, which they are copied to. */
struct options {
	char *listen;
	int64_t backlog, workers;
	int64_t activity_timeout_s, pong_timeout_s;
	int64_t head_poll_ms, hole_wait_ms, subscribe_timeout_ms, window_ms;
	int64_t queue_max_bytes, stash_max_bytes, subscriptions_max;
	int64_t idle_timeout_s;
	int64_t drain_ms, reload_drain_ms;
	int64_t deflate;
};

static const struct conf_option options_table[] = {
	{ .name = "PUSHLOG_LISTEN",
	  .type = CONF_STRING,
	  .offset = offsetof(struct options, listen),
	  .value = "127.0.0.1:6001",
	  .check = address_check,
	  .help = "where relay listens, unix:/path or host:port" },
	INT("PUSHLOG_LISTEN_BACKLOG", backlog, "65535", 1, 65535,
	    "connections that may wait to be accepted; the kernel may allow "
	    "fewer"),
	INT("PUSHLOG_WORKERS", workers, "0", 0, 256,
	    "worker processes, 0 for one a core"),
	INT("PUSHLOG_ACTIVITY_TIMEOUT_S", activity_timeout_s, "120", 1, 3600,
	    "silence after which clients ask whether we live"),
	INT("PUSHLOG_PONG_TIMEOUT_S", pong_timeout_s, "30", 1, 3600,
	    "time for a client to answer a ping"),
	INT("PUSHLOG_HEAD_POLL_MS", head_poll_ms, "500", 10, 60000,
	    "time between looks for events that Redis lost"),
	INT("PUSHLOG_HOLE_WAIT_MS", hole_wait_ms, "20", 1, 10000,
	    "time for a missing event to come before it is read"),
	INT("PUSHLOG_SUBSCRIBE_TIMEOUT_MS", subscribe_timeout_ms, "5000", 100,
	    60000, "time for a durable channel to start"),
	INT("PUSHLOG_WINDOW_MS", window_ms, "2", 0, 1000,
	    "time over which events for a busy subscriber are collected"),
	INT("PUSHLOG_DEFLATE", deflate, "0", 0, 1,
	    "1: messages are compressed for clients that offer it"),
	INT("PUSHLOG_QUEUE_MAX_BYTES", queue_max_bytes, "1048576", 65536,
	    134217728,
	    "bytes that may wait long for a subscriber, a burst 16 times that"),
	INT("PUSHLOG_STASH_MAX_BYTES", stash_max_bytes, "16777216", 65536,
	    1073741824, "bytes of early events that a worker keeps"),
	INT("PUSHLOG_SUBSCRIPTIONS_MAX", subscriptions_max, "1000", 1, 1000000,
	    "channels that one connection may subscribe to"),
	INT("PUSHLOG_IDLE_TIMEOUT_S", idle_timeout_s, "0", 0, 86400,
	    "time that a connection may subscribe to nothing, 0 for ever"),
	INT("PUSHLOG_DRAIN_MS", drain_ms, "500", 0, 600000,
	    "time for subscribers to leave when relay stops"),
	INT("PUSHLOG_RELOAD_DRAIN_MS", reload_drain_ms, "5000", 0, 600000,
	    "time over which a reload sends subscribers to new workers"),
};

int main(int argc, char **argv)
{
	struct settings settings;
	struct options options;
	struct apps apps;
	struct buf error = BUF_INIT;
	struct conf_group groups[] = {
		settings_group(&settings),
		{ options_table,
		  sizeof(options_table) / sizeof(options_table[0]), &options },
	};
	struct master_conf conf;
	bool is_run;
	int status = 0;

	is_run = conf_start(argc, argv, "relay",
			    "fans messages out to WebSocket subscribers",
			    groups, 2);
	settings_start_log(&settings, "relay");
	if (!log_reader_is_conninfo(settings.database))
		fatalx("PUSHLOG_DATABASE is not a libpq conninfo");
	if (apps_load(&apps, &settings.app, &error) == -1)
		fatalx("%.*s", (int)error.len, error.data);
	conf = (struct master_conf){
		.argv = argv,
		.listen = options.listen,
		.backlog = options.backlog,
		.workers = options.workers,
		.worker = {
			.settings = &settings,
			.apps = &apps,
			.activity_timeout_s = options.activity_timeout_s,
			.pong_timeout_s = options.pong_timeout_s,
			.head_poll_ms = options.head_poll_ms,
			.hole_wait_ms = options.hole_wait_ms,
			.subscribe_timeout_ms = options.subscribe_timeout_ms,
			.window_ms = options.window_ms,
			.may_pack = options.deflate != 0,
			.queue_max_bytes = options.queue_max_bytes,
			.stash_max_bytes = options.stash_max_bytes,
			.subscriptions_max = options.subscriptions_max,
			.idle_timeout_s = options.idle_timeout_s,
			.drain_ms = options.drain_ms,
			.reload_drain_ms = options.reload_drain_ms,
		},
	};
	if (is_run)
		status = master_run(&conf);
	apps_release(&apps);
	conf_release(&groups[0]);
	conf_release(&groups[1]);
	return status;
}
