/* SPDX-License-Identifier: MIT
 *
 * Shared reads of heads: the first and last id of a channel and the epoch. One
 * query serves all callers for the same channel that came before it was sent.
 * Its result is no older than one that each of them had read alone.
 */
#ifndef MESSAGES_FCGI_LOG_HEAD_READER_H
#define MESSAGES_FCGI_LOG_HEAD_READER_H

#include "messages-fcgi/log/reader_pool.h"

struct head_reader;

/* pool is borrowed. At head_reader_free nobody may be reading. */
struct head_reader *head_reader_new(struct reader_pool *pool);
void head_reader_free(struct head_reader *reader);

/* Reads the head of a channel at a moment after the call began. -1: it cannot
 * be read now, and the cause was logged. Gives way, see leader.h. */
int head_reader_read(struct head_reader *reader, const char *app,
		     struct span channel, struct store_head *head) MUST_CHECK;

#endif
