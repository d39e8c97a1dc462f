/* SPDX-License-Identifier: MIT
 *
 * The table of options.
 */
#include "messages-fcgi/options.h"

#include "messages-fcgi/api/auth_post.h"

#define INT(...) CONF_INT_OPTION(options, __VA_ARGS__)

static const struct conf_option option_table[] = {
	{ .name = "PUSHLOG_AUTH",
	  .type = CONF_STRING,
	  .offset = offsetof(struct options, auth),
	  .value = "remote-user",
	  .check = auth_post_check_mode,
	  .help = "Users for whom /pusher/auth signs. remote-user: users that "
		  "the web server has authenticated. anyone: all users, under "
		  "a name of their choice." },
	INT("PUSHLOG_THREADS", threads, "64", 1, 512,
	    "Requests that are answered at the same time, besides the posts "
	    "that wait for their commit."),
	INT("PUSHLOG_READERS", readers, "4", 1, 64,
	    "Connections to PostgreSQL for reading. Each app with a history "
	    "has one more, for storing."),
	INT("PUSHLOG_NAME_MAX_BYTES", limits.name_max_bytes, "200", 1, 65536,
	    "Maximum length of the name of a poster, in bytes before "
	    "escaping."),
	INT("PUSHLOG_TEXT_MAX_BYTES", limits.text_max_bytes, "8192", 1, 1048576,
	    "Maximum length of the text of a message, in bytes before "
	    "escaping."),
	INT("PUSHLOG_POST_TIMEOUT_MS", committer.post_timeout_ms, "5000", 100,
	    60000,
	    "Milliseconds that a post may wait for its commit. After that "
	    "it is answered with 503."),
	INT("PUSHLOG_LOCK_TIMEOUT_MS", committer.lock_timeout_ms, "1000", 10,
	    60000,
	    "Milliseconds that a commit may wait for a channel that another "
	    "transaction has locked."),
	INT("PUSHLOG_PUBLISH_BUFFER_BYTES", publish_buffer_bytes, "4194304",
	    65536, 1073741824,
	    "Maximum size of the events that wait for Redis, in bytes. "
	    "Further events are dropped; the relays read those of "
	    "channels with a history from PostgreSQL."),
};

struct conf_group options_group(struct options *options)
{
	return (struct conf_group){
		option_table,
		sizeof(option_table) / sizeof(option_table[0]),
		options,
	};
}
