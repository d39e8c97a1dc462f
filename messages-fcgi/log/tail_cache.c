/* SPDX-License-Identifier: MIT
 *
 * The rows of each channel in one buffer, oldest first. Knows neither the log
 * nor requests.
 *
 *     json:  dropped | row,row,row,
 *                     ^ends[0]    ^ends[count]
 */
#include "messages-fcgi/log/tail_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "messages-fcgi/log/row_json.h"

struct tail {
	struct buf app, channel, epoch;
	int64_t first_id; /* of the cached rows */
	size_t count;
	struct buf json;
	/* row i is from ends[i] to ends[i + 1] */
	size_t ends[TAIL_CACHE_ROWS_MAX + 1];
	uint64_t used; /* the last time, on the cache's clock */
};

struct tail_cache {
	pthread_mutex_t lock;
	struct tail *all[TAIL_CACHE_MAX];
	size_t count;
	uint64_t clock;
};

struct tail_cache *tail_cache_new(void)
{
	struct tail_cache *cache = xcalloc(1, sizeof(*cache));

	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void tail_cache_free(struct tail_cache *cache)
{
	while (cache->count > 0) {
		struct tail *tail = cache->all[--cache->count];

		buf_release(&tail->app);
		buf_release(&tail->channel);
		buf_release(&tail->epoch);
		buf_release(&tail->json);
		free(tail);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct tail *find_tail(const struct tail_cache *cache, const char *app,
			      struct span channel)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (span_equal(buf_span(&cache->all[i]->channel), channel) &&
		    span_is(buf_span(&cache->all[i]->app), app))
			return cache->all[i];
	return NULL;
}

static void set_text(struct buf *buf, struct span s)
{
	buf_clear(buf);
	buf_add_span(buf, s);
}

static void restart_tail(struct tail *tail, struct span epoch, int64_t first_id)
{
	set_text(&tail->epoch, epoch);
	tail->first_id = first_id;
	tail->count = 0;
	tail->ends[0] = 0;
	buf_clear(&tail->json);
}

/* A new tail, or else the one that was not used for the longest time. */
static struct tail *take_slot(struct tail_cache *cache)
{
	struct tail *tail = cache->all[0];
	size_t i;

	if (cache->count < TAIL_CACHE_MAX) {
		tail = xcalloc(1, sizeof(*tail));
		cache->all[cache->count++] = tail;
		return tail;
	}
	for (i = 1; i < cache->count; i++)
		if (cache->all[i]->used < tail->used)
			tail = cache->all[i];
	return tail;
}

static int64_t next_row_id(const struct tail *tail)
{
	return tail->first_id + (int64_t)tail->count;
}

static bool has_epoch(const struct tail *tail, struct span epoch)
{
	return span_equal(buf_span(&tail->epoch), epoch);
}

/* Drops the oldest rows. Moves the others only when the dropped bytes are at
 * least as many, so a row moves once on average. */
static void drop_rows(struct tail *tail, size_t rows)
{
	size_t i, start;

	tail->count -= rows;
	tail->first_id += (int64_t)rows;
	memmove(tail->ends, tail->ends + rows,
		(tail->count + 1) * sizeof(tail->ends[0]));
	start = tail->ends[0];
	if (start < tail->json.len - start)
		return;
	buf_drop(&tail->json, start);
	for (i = 0; i <= tail->count; i++)
		tail->ends[i] -= start;
}

static void append_row(struct tail *tail, const struct event *event)
{
	size_t rows = 0;

	row_json_add(&tail->json, event);
	buf_add_char(&tail->json, ',');
	if (tail->count == TAIL_CACHE_ROWS_MAX)
		drop_rows(tail, 1);
	tail->ends[++tail->count] = tail->json.len;
	while (tail->json.len - tail->ends[rows] > TAIL_CACHE_BYTES_MAX)
		rows++;
	if (rows > 0)
		drop_rows(tail, rows);
}

static int64_t copy_rows(const struct tail *tail, int64_t from, int64_t to,
			 struct buf *json)
{
	const size_t *start;
	int64_t next = to < next_row_id(tail) ? to + 1 : next_row_id(tail);

	if (from < tail->first_id || from >= next)
		return from;
	start = &tail->ends[from - tail->first_id];
	/* without the last comma */
	buf_add(json, tail->json.data + *start,
		start[next - from] - *start - 1);
	return next;
}

int64_t tail_cache_take(struct tail_cache *cache, const char *app,
			struct span channel, struct span epoch, int64_t from,
			int64_t to, struct buf *json)
{
	struct tail *tail;
	int64_t next = from;

	pthread_mutex_lock(&cache->lock);
	tail = find_tail(cache, app, channel);
	if (tail != NULL && has_epoch(tail, epoch)) {
		tail->used = ++cache->clock;
		next = copy_rows(tail, from, to, json);
	}
	pthread_mutex_unlock(&cache->lock);
	return next;
}

void tail_cache_begin(struct tail_cache *cache, const char *app,
		      struct span channel, struct span epoch, int64_t from)
{
	struct tail *tail;

	pthread_mutex_lock(&cache->lock);
	tail = find_tail(cache, app, channel);
	if (tail == NULL) {
		tail = take_slot(cache);
		set_text(&tail->app, span_str(app));
		set_text(&tail->channel, channel);
		restart_tail(tail, epoch, from);
	} else if (!has_epoch(tail, epoch) || from < tail->first_id ||
		   from > next_row_id(tail)) {
		restart_tail(tail, epoch, from);
	}
	tail->used = ++cache->clock;
	pthread_mutex_unlock(&cache->lock);
}

void tail_cache_add(struct tail_cache *cache, const char *app,
		    struct span epoch, const struct event *event)
{
	struct tail *tail;

	pthread_mutex_lock(&cache->lock);
	tail = find_tail(cache, app, event->channel);
	if (tail != NULL && has_epoch(tail, epoch) &&
	    event->id == next_row_id(tail))
		append_row(tail, event);
	pthread_mutex_unlock(&cache->lock);
}
