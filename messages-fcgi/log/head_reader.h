/* SPDX-License-Identifier: MIT
 *
 * Reading of heads, for many at once: one reading serves everybody who came
 * before it was sent, and so was true after each of them had asked.
 */
#ifndef MESSAGES_FCGI_LOG_HEAD_READER_H
#define MESSAGES_FCGI_LOG_HEAD_READER_H

#include "messages-fcgi/log/reader_pool.h"

struct head_reader;

/* readers is borrowed. Freed when nobody reads any more. */
struct head_reader *head_reader_new(struct reader_pool *readers);
void head_reader_free(struct head_reader *heads);

/* The head of a channel as it is now. -1: it can't be read, and why is said. */
int head_reader_read(struct head_reader *heads, const char *app,
		     struct span channel, struct store_head *head) MUST_CHECK;

#endif
