/* SPDX-License-Identifier: MIT
 *
 * The newest rows of the channels that are read most, as JSON, in memory.
 *
 * Which rows there are is never asked here but in the log: the head is read
 * for every answer. A row that is at or below that head is what it always was,
 * so one that is kept is as good as one that is read, whoever has appended
 * meanwhile.
 */
#ifndef MESSAGES_FCGI_LOG_TAILS_H
#define MESSAGES_FCGI_LOG_TAILS_H

#include <stdint.h>

#include "common/wire/event.h"

/* What one channel can have here at most, and how many channels. */
#define TAILS_ROWS_MAX 256
#define TAILS_BYTES_MAX 131072
#define TAILS_MAX 64

struct tails;

struct tails *tails_new(void);
void tails_free(struct tails *tails);

/* Adds the rows from …, up to `to`, as far as they are here, with commas
 * between them. Returns the first id that is not: to + 1 if all are. */
int64_t tails_take(struct tails *tails, const char *app, struct span channel,
		   struct span epoch, int64_t from, int64_t to,
		   struct buf *json);

/* The rows from … on are worth keeping. They come by tails_add, unless those
 * that are here continue to there. */
void tails_begin(struct tails *tails, const char *app, struct span channel,
		 struct span epoch, int64_t from);

/* A row that is in the log. It is kept if it is the next of its channel; one
 * that is not is nothing that anybody asked for, or comes again. */
void tails_add(struct tails *tails, const char *app, struct span epoch,
	       const struct event *event);

#endif
