/* SPDX-License-Identifier: MIT
 *
 * The newest rows of the channels that are read most, as JSON, in memory. Any
 * thread may use it.
 *
 * The cache does not know which rows exist: each answer reads the head from the
 * log first. A row at or below the head never changes, so a cached row is
 * exact, whichever process has appended since.
 */
#ifndef MESSAGES_FCGI_LOG_TAIL_CACHE_H
#define MESSAGES_FCGI_LOG_TAIL_CACHE_H

#include <stdint.h>

#include "common/wire/event.h"

/* The most rows and bytes of one channel, and the most channels. */
#define TAIL_CACHE_ROWS_MAX 256
#define TAIL_CACHE_BYTES_MAX 131072
#define TAIL_CACHE_MAX 64

struct tail_cache;

struct tail_cache *tail_cache_new(void);
void tail_cache_free(struct tail_cache *cache);

/* Adds to json the cached rows with ids from `from` up to `to`, with commas
 * between them. Returns the first id that was not added: to + 1 if all were. */
int64_t tail_cache_take(struct tail_cache *cache, const char *app,
			struct span channel, struct span epoch, int64_t from,
			int64_t to, struct buf *json);

/* Starts to cache the rows of a channel at id `from`; tail_cache_add then adds
 * them. Rows that are cached stay if `from` is one of them, or the next. */
void tail_cache_begin(struct tail_cache *cache, const char *app,
		      struct span channel, struct span epoch, int64_t from);

/* Adds a row that is in the log, if tail_cache_begin has been called for its
 * channel, and if its id is the next: the cache has no holes. */
void tail_cache_add(struct tail_cache *cache, const char *app,
		    struct span epoch, const struct event *event);

#endif
