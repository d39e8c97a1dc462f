/* SPDX-License-Identifier: MIT
 *
 * The newest rows of the channels that are read most, as JSON, in memory.
 *
 * Which rows there are is never asked here but in the log: the head is read
 * for every answer. A row that is at or below that head is what it always was,
 * so one that is kept is as good as one that is read, whoever has appended
 * meanwhile.
 */
#ifndef MESSAGES_FCGI_LOG_TAIL_CACHE_H
#define MESSAGES_FCGI_LOG_TAIL_CACHE_H

#include <stdint.h>

#include "common/wire/event.h"

/* What one channel can have here at most, and how many channels. */
#define TAIL_CACHE_ROWS_MAX 256
#define TAIL_CACHE_BYTES_MAX 131072
#define TAIL_CACHE_MAX 64

struct tail_cache;

struct tail_cache *tail_cache_new(void);
void tail_cache_free(struct tail_cache *tails);

/* Adds the rows from …, up to `to`, as far as they are here, with commas
 * between them. Returns the first id that is not: to + 1 if all are. */
int64_t tail_cache_take(struct tail_cache *tails, const char *app,
			struct span channel, struct span epoch, int64_t from,
			int64_t to, struct buf *json);

/* The rows from … on are worth keeping. They come by tail_cache_add, unless
 * those that are here continue to there. */
void tail_cache_begin(struct tail_cache *tails, const char *app,
		      struct span channel, struct span epoch, int64_t from);

/* A row that is in the log. It is kept if it is the next of its channel; one
 * that is not is nothing that anybody asked for, or comes again. */
void tail_cache_add(struct tail_cache *tails, const char *app,
		    struct span epoch, const struct event *event);

#endif
