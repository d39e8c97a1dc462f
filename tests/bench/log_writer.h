/* SPDX-License-Identifier: MIT
 *
 * Writes the rows of messages that are published to durable channels.
 *
 * Rows are written beside the publishing, not before it. Nothing else writes to
 * the rooms of a run, so their ids are known, and every server gets the
 * messages of a scenario at the same moments. relay finds the log as in
 * production, heads and holes included, a few milliseconds late.
 */
#ifndef TESTS_BENCH_LOG_WRITER_H
#define TESTS_BENCH_LOG_WRITER_H

#include "common/base/buf.h"
#include "relay/net/loop.h"

/* The name in the messages. */
#define LOG_WRITER_NAME "bench"

struct log_writer;

/* Ends the program if PostgreSQL cannot be reached, now or later. */
struct log_writer *log_writer_new(struct loop *loop, const char *conninfo,
				  const char *app);
void log_writer_free(struct log_writer *writer);

const char *log_writer_epoch(const struct log_writer *writer);

/* Queues a chat message. Neither text may need quoting. */
void log_writer_add(struct log_writer *writer, struct span channel,
		    struct span text);

/* Whether all queued rows are written. */
bool log_writer_is_idle(const struct log_writer *writer);

#endif
