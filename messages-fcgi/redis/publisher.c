/* SPDX-License-Identifier: MIT
 *
 * The connection and its thread. Knows nothing of the log.
 *
 *     event_commands (the caller's) -> pending (shared, bounded) ->
 *     sending (the thread's) -> Redis: one write, then the replies
 *
 * The lock on pending is held for a copy or a swap, never while a thread
 * encodes or waits.
 */
#include "messages-fcgi/redis/publisher.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "messages-fcgi/deadline.h"
#include "messages-fcgi/redis/event_commands.h"
#include "messages-fcgi/redis/redis_connect.h"
#include "messages-fcgi/stats.h"

/* For connecting, for each reply, and for the events that wait at the end. */
#define TIMEOUT_MS 1000
/* How often an idle connection is checked: else the first event after a restart
 * of Redis would be lost. */
#define PING_EVERY_MS 1000
/* A buffer that a burst made larger is freed. */
#define KEEP_BYTES 262144

struct commands {
	struct buf bytes;
	size_t count;
};

struct publisher {
	const struct settings *settings;
	size_t buffer_bytes;
	pthread_t thread;

	pthread_mutex_t lock; /* of the next five */
	pthread_cond_t changed;
	struct commands pending;
	bool is_connected; /* else events are dropped at once */
	bool is_stopping;
	unsigned long dropped; /* since it was last logged */

	/* all below is the thread's own */
	redisContext *redis; /* NULL: not connected */
	struct commands sending;
	struct backoff backoff;
	unsigned wait_ms; /* before the next attempt to connect */
	enum {
		LOGGED_NOTHING = 0,
		LOGGED_UP,
		LOGGED_DOWN
	} logged;
	/* Redis refused a command: an answer to PING is no proof that it takes
	 * commands again */
	bool is_refused;
	char reason[REDIS_CONNECT_WHY_BYTES];
};

/* Adds the commands to pending, as far as there is a connection and room. */
static void enqueue(struct publisher *p, const struct event_commands *commands,
		    size_t count)
{
	size_t fitting = 0, bytes = 0;

	pthread_mutex_lock(&p->lock);
	if (p->is_connected)
		fitting = event_commands_fitting(
			commands, p->buffer_bytes - p->pending.bytes.len,
			&bytes);
	buf_add(&p->pending.bytes, commands->bytes.data, bytes);
	p->pending.count += fitting;
	p->dropped += count - fitting;
	metric_add(&stats()->dropped[p->is_connected ? STATS_BUFFER_FULL
						     : STATS_REDIS_DOWN],
		   (int64_t)(count - fitting));
	metric_set(&stats()->buffer_bytes, (int64_t)p->pending.bytes.len);
	if (fitting > 0)
		pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* Waits for commands to send. 1: they are in sending; 0: it is time for a ping
 * instead; -1: there are none, and the thread stops. */
static int take_pending(struct publisher *p, const struct timespec *until)
{
	struct commands empty = p->sending;
	int error = 0, result;

	buf_clear(&empty.bytes);
	if (empty.bytes.cap > KEEP_BYTES)
		buf_release(&empty.bytes);
	empty.count = 0;
	pthread_mutex_lock(&p->lock);
	while (p->pending.count == 0 && !p->is_stopping && error == 0)
		error = pthread_cond_timedwait(&p->changed, &p->lock, until);
	p->sending = p->pending;
	p->pending = empty;
	metric_set(&stats()->buffer_bytes, 0);
	result = p->sending.count > 0 ? 1 : p->is_stopping ? -1 : 0;
	pthread_mutex_unlock(&p->lock);
	return result;
}

/* True if the thread is to stop. */
static bool wait_before_connecting(struct publisher *p, int64_t ms)
{
	struct timespec until = deadline_after(ms);
	bool is_stopping;
	int error = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->is_stopping && error == 0)
		error = pthread_cond_timedwait(&p->changed, &p->lock, &until);
	is_stopping = p->is_stopping;
	pthread_mutex_unlock(&p->lock);
	return is_stopping;
}

static void set_connected(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	p->is_connected = true;
	pthread_mutex_unlock(&p->lock);
}

/* Redis takes commands. */
static void note_up(struct publisher *p)
{
	unsigned long dropped;

	pthread_mutex_lock(&p->lock);
	dropped = p->dropped;
	p->dropped = 0;
	pthread_mutex_unlock(&p->lock);
	backoff_reset(&p->backoff);
	p->is_refused = false;
	metric_set(&stats()->redis_up, 1);
	if (dropped > 0)
		log_warn("redis answers; %lu events were not published",
			 dropped);
	else if (p->logged != LOGGED_UP)
		log_info("redis answers");
	p->logged = LOGGED_UP;
}

/* Closes the connection, and drops the events that are being sent or wait. */
static void note_down(struct publisher *p, const char *why)
{
	size_t lost;

	pthread_mutex_lock(&p->lock);
	p->is_connected = false;
	lost = p->sending.count + p->pending.count;
	p->dropped += lost;
	p->pending.count = 0;
	buf_clear(&p->pending.bytes);
	metric_set(&stats()->buffer_bytes, 0);
	pthread_mutex_unlock(&p->lock);
	p->sending.count = 0;
	metric_add(&stats()->dropped[STATS_REDIS_DOWN], (int64_t)lost);
	metric_set(&stats()->redis_up, 0);
	if (p->logged != LOGGED_DOWN)
		log_error("redis is unavailable, relays must read the log: %s",
			  why);
	p->logged = LOGGED_DOWN;
	p->wait_ms = backoff_next_ms(&p->backoff, crypto_random_u32());
	redisFree(p->redis);
	p->redis = NULL;
}

/* Sends the commands in one write and reads a reply to each. NULL, or why it
 * failed: valid until the connection is closed or the next call. */
static const char *exchange_commands(struct publisher *p, const char *bytes,
				     size_t len, size_t replies)
{
	const char *why = NULL;

	if (redisAppendFormattedCommand(p->redis, bytes, len) != REDIS_OK)
		return p->redis->errstr;
	for (; replies > 0; replies--) {
		void *got = NULL;
		redisReply *reply;

		if (redisGetReply(p->redis, &got) != REDIS_OK)
			return redis_connect_error(p->redis);
		reply = got;
		if (reply->type == REDIS_REPLY_ERROR) {
			snprintf(p->reason, sizeof(p->reason), "%s",
				 reply->str);
			why = p->reason;
		}
		freeReplyObject(reply);
	}
	return why;
}

static const char *ping_redis(struct publisher *p)
{
	static const char command[] = "PING\r\n";

	return exchange_commands(p, command, sizeof(command) - 1, 1);
}

static void connect_redis(struct publisher *p)
{
	p->redis = redis_connect(p->settings, TIMEOUT_MS, p->reason);
	if (p->redis == NULL) {
		note_down(p, p->reason);
		return;
	}
	set_connected(p);
	if (!p->is_refused)
		note_up(p);
}

/* Sends the commands in sending. NULL or why it failed. */
static const char *send_taken(struct publisher *p)
{
	int64_t started_us = clock_us();
	const char *why =
		exchange_commands(p, p->sending.bytes.data,
				  p->sending.bytes.len, p->sending.count);

	if (why != NULL) {
		p->is_refused |= p->redis->err == 0;
		return why;
	}
	metric_add(&stats()->published, (int64_t)p->sending.count);
	metric_observe(&stats()->publishes, &metric_seconds,
		       clock_us() - started_us);
	if (p->is_refused)
		note_up(p);
	return NULL;
}

/* Connects, sends or pings, as it is due. False when the thread is to stop. */
static bool run_publisher_turn(struct publisher *p)
{
	struct timespec ping_at = deadline_after(PING_EVERY_MS);
	const char *why;
	int work;

	if (p->redis == NULL) {
		if (wait_before_connecting(p, p->wait_ms))
			return false;
		metric_set(&stats()->publishing_since_ms, clock_ms());
		connect_redis(p);
		return true;
	}
	work = take_pending(p, &ping_at);
	if (work == -1)
		return false;
	metric_set(&stats()->publishing_since_ms, clock_ms());
	why = work == 0 ? ping_redis(p) : send_taken(p);
	if (why != NULL)
		note_down(p, why);
	return true;
}

static void *run_publisher(void *arg)
{
	while (run_publisher_turn(arg))
		metric_set(&stats()->publishing_since_ms, 0);
	return NULL;
}

struct publisher *publisher_new(const struct settings *settings,
				size_t buffer_bytes)
{
	struct publisher *p = xcalloc(1, sizeof(*p));

	p->settings = settings;
	p->buffer_bytes = buffer_bytes;
	pthread_mutex_init(&p->lock, NULL);
	deadline_cond_init(&p->changed);
	if ((errno = pthread_create(&p->thread, NULL, run_publisher, p)) != 0)
		fatal("cannot start the publisher");
	return p;
}

void publisher_free(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	p->is_stopping = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);

	if (p->redis != NULL)
		redisFree(p->redis);
	if (p->dropped > 0)
		log_warn("%lu events were not published", p->dropped);
	buf_release(&p->pending.bytes);
	buf_release(&p->sending.bytes);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void publisher_publish(struct publisher *p, const char *app, struct span epoch,
		       const struct event *const *events, size_t count)
{
	struct event_commands commands = { .bytes = BUF_INIT };
	size_t i;

	for (i = 0; i < count; i++)
		event_commands_add(&commands, p->settings->redis_prefix, app,
				   epoch, events[i]);
	enqueue(p, &commands, count);
	event_commands_release(&commands);
}

bool publisher_is_ready(struct publisher *p)
{
	bool is_ready;

	pthread_mutex_lock(&p->lock);
	is_ready = p->is_connected && p->pending.bytes.len < p->buffer_bytes;
	pthread_mutex_unlock(&p->lock);
	return is_ready;
}
