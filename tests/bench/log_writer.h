/* SPDX-License-Identifier: MIT
 *
 * The rows of what is published to durable channels.
 *
 * They are written beside the publishing, not before it: nobody else writes to
 * the rooms of a run, so their ids are known, and every server gets the
 * messages of a scenario at the same moments. relay finds the log as it finds
 * it in real life, heads and holes included, but for some milliseconds.
 */
#ifndef TESTS_BENCH_LOG_WRITER_H
#define TESTS_BENCH_LOG_WRITER_H

#include "common/base/buf.h"
#include "relay/net/loop.h"

/* Who writes the messages. */
#define LOG_WRITER_NAME "bench"

struct log_writer;

/* Ends the program when PostgreSQL can't be reached, now or later. */
struct log_writer *log_writer_new(struct loop *loop, const char *conninfo,
				  const char *app);
void log_writer_free(struct log_writer *writer);

const char *log_writer_epoch(const struct log_writer *writer);

/* Appends a chat message, soon. Neither text needs quotes. */
void log_writer_add(struct log_writer *writer, struct span channel,
		    struct span text);

/* Is there nothing left to be written? */
bool log_writer_is_idle(const struct log_writer *writer);

#endif
