/* SPDX-License-Identifier: MIT
 *
 * Reads the log in PostgreSQL for one worker: heads of channels, and the rows
 * of a range. One connection serves all apps. Asynchronous, on the loop; runs
 * one statement at a time, in the order of the requests. Never writes.
 */
#ifndef RELAY_BACKENDS_LOG_READER_H
#define RELAY_BACKENDS_LOG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/config/app.h"
#include "common/wire/event.h"
#include "relay/net/loop.h"

/* Limit of rows in one answer; ask again for the rest. */
#define LOG_READER_ROWS_MAX 256

struct log_reader;

struct log_channel {
	const struct app *app; /* one of the reader's */
	struct span name;
};

/* Everything in these is borrowed, until the callback returns. */
struct log_head {
	struct log_channel channel;
	int64_t last_id; /* 0 for a channel without a row */
};

struct log_heads {
	struct span epoch;
	const struct log_head *heads;
	size_t count;
};

struct log_rows {
	struct span epoch;
	int64_t from_id;            /* as asked for */
	int64_t last_id;            /* of the channel, 0 without a row */
	const struct event *events; /* ascending */
	size_t count;
};

struct log_reader_ops {
	/* PostgreSQL answers. */
	void (*on_up)(void *ctx);
	/* who is the pointer passed with the request. heads or rows is NULL
	 * when the read failed. */
	void (*on_heads)(void *ctx, void *who, const struct log_heads *heads);
	void (*on_rows)(void *ctx, void *who, const struct log_rows *rows);
};

/* Whether libpq can parse conninfo. */
bool log_reader_is_conninfo(const char *conninfo);

/* conninfo and apps are borrowed for the life of the reader. Connects, and
 * retries until freed. */
struct log_reader *log_reader_new(struct loop *loop, const char *conninfo,
				  const struct apps *apps,
				  const struct log_reader_ops *ops, void *ctx);
void log_reader_free(struct log_reader *reader);

/* Whether there is a connection to PostgreSQL. A failed read ends it. */
bool log_reader_is_up(const struct log_reader *reader);

/* Asks for the heads of these channels: 0 and on_heads follows, or -1 while
 * PostgreSQL is unavailable. */
int log_reader_heads(struct log_reader *reader,
		     const struct log_channel *channels, size_t count,
		     void *who) MUST_CHECK;

/* Same, for every channel of the apps that has a head. */
int log_reader_all_heads(struct log_reader *reader, void *who) MUST_CHECK;

/* Asks for the rows from_id … to_id of a channel; the answer holds the first
 * LOG_READER_ROWS_MAX of them. 0 and on_rows follows, or -1. */
int log_reader_rows(struct log_reader *reader,
		    const struct log_channel *channel, int64_t from_id,
		    int64_t to_id, void *who) MUST_CHECK;

/* Cancels the callbacks of all requests made with who. */
void log_reader_forget(struct log_reader *reader, const void *who);

#endif
