/* SPDX-License-Identifier: MIT
 *
 * relay: fans messages out from Redis to WebSocket subscribers. Options, then
 * the master.
 */
#include "common/config/address.h"
#include "relay/backends/log_reader.h"
#include "relay/process/master.h"

#define INT(...) CONF_INT_OPTION(master_conf, __VA_ARGS__)

static const struct conf_option options_table[] = {
	{ .name = "PUSHLOG_LISTEN",
	  .type = CONF_STRING,
	  .offset = offsetof(struct master_conf, listen),
	  .value = "127.0.0.1:6001",
	  .check = address_check,
	  .help = "Address that relay listens on, unix:/path or host:port. On "
		  "a Unix socket it takes the client's address from the web "
		  "server's headers." },
	INT("PUSHLOG_LISTEN_BACKLOG", backlog, "65535", 1, 65535,
	    "Connections that may wait to be accepted. The kernel caps this "
	    "at net.core.somaxconn."),
	INT("PUSHLOG_WORKERS", workers, "0", 0, 256,
	    "Worker processes. 0: one for each core."),
	INT("PUSHLOG_ACTIVITY_TIMEOUT_S", worker.session.activity_timeout_s,
	    "120", 1, 3600,
	    "Seconds of silence after which a client sends a ping. After "
	    "half as much again relay sends one."),
	INT("PUSHLOG_PONG_TIMEOUT_S", worker.conn.pong_s, "30", 1, 3600,
	    "Seconds that a client has to answer a ping, before its "
	    "connection is closed."),
	INT("PUSHLOG_HEAD_POLL_MS", worker.heal.poll_ms, "500", 10, 60000,
	    "Milliseconds between two checks of PostgreSQL for events "
	    "that Redis lost."),
	INT("PUSHLOG_HOLE_WAIT_MS", worker.heal.hole_wait_ms, "20", 1, 10000,
	    "Milliseconds that a missing event may still arrive through "
	    "Redis, before relay reads it from PostgreSQL."),
	INT("PUSHLOG_SUBSCRIBE_TIMEOUT_MS", worker.heal.start_timeout_ms,
	    "5000", 100, 60000,
	    "Milliseconds that the subscription to a channel with a history "
	    "may take. After that the connection is closed with 4100."),
	INT("PUSHLOG_WINDOW_MS", worker.conn.window_ms, "2", 0, 1000,
	    "Milliseconds for which the events of a busy subscriber are "
	    "collected, to leave together. A longer time costs less CPU "
	    "and delays the events more. After a quiet period an event "
	    "leaves at once; with 0 it always does."),
	INT("PUSHLOG_DEFLATE", worker.conn.may_pack, "0", 0, 1,
	    "1: messages of 256 bytes and more are compressed with "
	    "permessage-deflate for the clients that offer it, once for all "
	    "subscribers of a channel."),
	INT("PUSHLOG_QUEUE_MAX_BYTES", worker.conn.queue_max_bytes, "1048576",
	    65536, 134217728,
	    "Maximum size of the queue of one subscriber, in bytes, for "
	    "longer than 5 seconds; a burst may be 16 times as large. A "
	    "subscriber above either limit is closed with 4100."),
	INT("PUSHLOG_STASH_MAX_BYTES", worker.heal.stash_max_bytes, "16777216",
	    65536, 1073741824,
	    "Maximum size of the events that a worker holds back because "
	    "an earlier event of their channel is missing, in bytes."),
	INT("PUSHLOG_SUBSCRIPTIONS_MAX", worker.session.subscriptions_max,
	    "1000", 1, 1000000,
	    "Maximum number of channels that one connection may subscribe "
	    "to."),
	INT("PUSHLOG_IDLE_TIMEOUT_S", worker.session.idle_timeout_s, "0", 0,
	    86400,
	    "Seconds that a connection may have no subscription, before it "
	    "is closed with 4202. 0: no limit."),
	INT("PUSHLOG_DRAIN_MS", worker.drain_ms, "500", 0, 600000,
	    "Milliseconds that relay gives its clients to answer the close "
	    "when it stops."),
	INT("PUSHLOG_RELOAD_DRAIN_MS", worker.reload_drain_ms, "5000", 0,
	    600000,
	    "Milliseconds over which a reload moves the subscribers to the "
	    "new workers, one by one."),
};

int main(int argc, char **argv)
{
	struct settings settings;
	struct apps apps;
	struct master_conf conf = {
		.argv = argv,
		.worker = { .settings = &settings, .apps = &apps },
	};
	struct buf error = BUF_INIT;
	struct conf_group groups[] = {
		settings_group(&settings),
		{ options_table,
		  sizeof(options_table) / sizeof(options_table[0]), &conf },
	};
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
	if (is_run)
		status = master_run(&conf);
	apps_release(&apps);
	conf_release(&groups[0]);
	conf_release(&groups[1]);
	return status;
}
