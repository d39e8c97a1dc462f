/* SPDX-License-Identifier: MIT
 *
 * Reading of heads, for many at once: one reading serves everybody who came
 * before it was sent, and so was true after each of them had asked.
 */
#ifndef MESSAGES_FCGI_LOG_HEADS_H
#define MESSAGES_FCGI_LOG_HEADS_H

#include "messages-fcgi/log/readers.h"

struct heads;

/* readers is borrowed. Freed when nobody reads any more. */
struct heads *heads_new(struct readers *readers);
void heads_free(struct heads *heads);

/* The head of a channel as it is now. -1: it can't be read, and why is said. */
int heads_read(struct heads *heads, const char *app, struct span channel,
	       struct store_head *head) MUST_CHECK;

#endif
