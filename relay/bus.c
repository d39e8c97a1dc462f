/* SPDX-License-Identifier: MIT
 *
 * One connection to Redis, in subscriber mode, on the loop. Each SUBSCRIBE and
 * UNSUBSCRIBE names one channel and is confirmed once, in order: so counting
 * what was sent and what was confirmed tells which are.
 */
#include "relay/bus.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/backoff.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/log.h"
#include "relay/list.h"
#include "relay/stats.h"

#define READ_BYTES 65536
/* Read in one turn: a Redis that is not read from drops its subscriber. */
#define READS_MAX 16

/* Commands that may wait for Redis to take them; a worker that subscribes
 * anew to a hundred thousand channels stays below. */
#define OUT_MAX_BYTES (32 * 1024 * 1024)

/* A Redis that is stopped, or cut off, is found out by silence. */
#define PING_MS 1000
#define SILENCE_MS 3000

enum bus_state {
	BUS_WAITING = 0, /* for the next attempt */
	BUS_CONNECTING,  /* until the answer to the first PING */
	BUS_UP,
	BUS_CLOGGED, /* takes no more from us: disconnects in this turn */
};

struct bus {
	struct loop *loop;
	struct bus_conf conf;
	const struct bus_ops *ops;
	void *ctx;
	enum bus_state state;
	bool was_reported; /* that it is away, once */
	bool is_refused; /* a SUBSCRIBE was: that a PING is answered is no news
			  */
	redisContext *context; /* only for connecting; NULL: not connected */
	redisReader *reader;
	struct loop_watch watch;
	struct loop_timer timer; /* next attempt, or next PING */
	struct backoff backoff;
	struct buf out;
	uint64_t sent, confirmed; /* tickets */
	int64_t heard_ms;         /* when Redis last said something */
	char scratch[READ_BYTES];
};

static void on_retry(struct loop_timer *timer);

/* Back to waiting; on_down only if on_up was called. */
static void disconnect(struct bus *bus, const char *why)
{
	bool was_up = bus->state == BUS_UP || bus->state == BUS_CLOGGED;

	if (!bus->was_reported)
		log_warn("redis is away: %s", why);
	bus->was_reported = true;
	loop_remove(bus->loop, &bus->watch);
	if (bus->reader != NULL)
		redisReaderFree(bus->reader);
	if (bus->context != NULL)
		redisFree(bus->context);
	bus->reader = NULL;
	bus->context = NULL;
	bus->state = BUS_WAITING;
	metric_set(&stats()->redis_up, 0);
	buf_release(&bus->out);
	/* what was sent will never be confirmed */
	bus->confirmed = bus->sent;
	loop_set_timer(bus->loop, &bus->timer,
		       backoff_next_ms(&bus->backoff, crypto_random_u32()),
		       on_retry);
	if (was_up)
		bus->ops->on_down(bus->ctx);
}

/* Sends what is queued, as far as the kernel takes it. */
static void flush(struct bus *bus)
{
	while (bus->out.len > 0) {
		ssize_t sent = send(bus->watch.fd, bus->out.data, bus->out.len,
				    MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1)
			break; /* full, or broken: reading will tell */
		buf_drop(&bus->out, (size_t)sent);
	}
	loop_change(bus->loop, &bus->watch,
		    bus->out.len > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void on_clogged(struct loop_timer *timer)
{
	struct bus *bus = container_of(timer, struct bus, timer);

	disconnect(bus, "it takes no commands");
}

static void queue(struct bus *bus, int argc, const char **argv,
		  const size_t *lens)
{
	char *command;
	int len;

	len = redisFormatCommandArgv(&command, argc, argv, lens);
	if (len < 0)
		fatalx("hiredis cannot format a command");
	buf_add(&bus->out, command, (size_t)len);
	free(command);
	loop_change(bus->loop, &bus->watch, LOOP_READ | LOOP_WRITE);
	/* not now: whoever is asking must not be called back before it knows
	 * that it asked */
	if (bus->out.len > OUT_MAX_BYTES && bus->state == BUS_UP) {
		bus->state = BUS_CLOGGED;
		loop_set_timer(bus->loop, &bus->timer, 0, on_clogged);
	}
}

static void queue_words(struct bus *bus, const char *verb, struct span word)
{
	const char *argv[2] = { verb, word.ptr };
	size_t lens[2] = { strlen(verb), word.len };

	queue(bus, word.ptr != NULL ? 2 : 1, argv, lens);
}

static void queue_login(struct bus *bus)
{
	const char *argv[3] = { "AUTH", bus->conf.user, bus->conf.password };
	size_t lens[3] = { 4, strlen(bus->conf.user),
			   strlen(bus->conf.password) };

	if (lens[2] == 0)
		return;
	if (lens[1] > 0)
		queue(bus, 3, argv, lens);
	else
		queue_words(bus, argv[0], span_str(argv[2]));
}

/* ---- what Redis says ---- */

static bool is_word(const redisReply *reply, const char *word)
{
	return (reply->type == REDIS_REPLY_STRING ||
		reply->type == REDIS_REPLY_STATUS) &&
	       span_is(span_of(reply->str, (size_t)reply->len), word);
}

static struct span reply_span(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return span_of(NULL, 0);
	return span_of(reply->str, (size_t)reply->len);
}

/* Redis does what it is there for. */
static void settle(struct bus *bus)
{
	backoff_reset(&bus->backoff);
	if (bus->was_reported)
		log_info("redis is back");
	bus->was_reported = false;
	bus->is_refused = false;
	metric_set(&stats()->redis_up, 1);
}

/* After a refusal the first PONG proves nothing: what is asked for because of
 * it may be refused again. The second comes behind all that. */
static void on_pong(struct bus *bus)
{
	bool was_up = bus->state == BUS_UP;

	if (was_up == bus->is_refused)
		settle(bus);
	if (bus->state != BUS_CONNECTING)
		return;
	bus->state = BUS_UP;
	bus->ops->on_up(bus->ctx);
}

static void take_push(struct bus *bus, const redisReply *reply)
{
	redisReply **part = reply->element;

	if (reply->elements == 3 && is_word(part[0], "message"))
		bus->ops->on_message(bus->ctx, reply_span(part[1]),
				     reply_span(part[2]));
	else if (reply->elements == 3 && (is_word(part[0], "subscribe") ||
					  is_word(part[0], "unsubscribe")))
		bus->confirmed++;
	else if (reply->elements == 2 && is_word(part[0], "pong"))
		on_pong(bus); /* as it is told to who subscribes */
}

static void take_reply(struct bus *bus, const redisReply *reply)
{
	switch (reply->type) {
	case REDIS_REPLY_ARRAY:
		take_push(bus, reply);
		break;
	case REDIS_REPLY_STATUS:
		if (is_word(reply, "PONG"))
			on_pong(bus);
		break;
	case REDIS_REPLY_ERROR:
		/* wrong password, no right to subscribe, still loading */
		bus->is_refused = bus->state == BUS_UP;
		disconnect(bus, reply->str);
		break;
	default:
		break;
	}
}

/* Replies are taken until there is none, or the connection is gone. */
static void take_replies(struct bus *bus)
{
	while (bus->reader != NULL) {
		void *reply = NULL;

		if (redisReaderGetReply(bus->reader, &reply) != REDIS_OK) {
			disconnect(bus, "it does not speak its protocol");
			return;
		}
		if (reply == NULL)
			return;
		take_reply(bus, reply);
		freeReplyObject(reply);
	}
}

/* Reads once. Whether there may be more. */
static bool read_some(struct bus *bus)
{
	ssize_t len = recv(bus->watch.fd, bus->scratch, READ_BYTES, 0);

	if (len == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (len <= 0) {
		disconnect(bus, len == 0 ? "it closed the connection"
					 : strerror(errno));
		return false;
	}
	bus->heard_ms = loop_now_ms(bus->loop);
	redisReaderFeed(bus->reader, bus->scratch, (size_t)len);
	take_replies(bus);
	return len == READ_BYTES && bus->reader != NULL;
}

static void receive(struct bus *bus)
{
	uint64_t confirmed = bus->confirmed;
	int reads = 0;

	while (read_some(bus) && ++reads < READS_MAX)
		continue;
	if (bus->state == BUS_UP && bus->confirmed != confirmed)
		bus->ops->on_confirmed(bus->ctx, bus->confirmed);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
	struct bus *bus = container_of(watch, struct bus, watch);

	if (events & LOOP_READ)
		receive(bus);
	if ((events & LOOP_WRITE) && bus->context != NULL)
		flush(bus);
}

/* ---- life ---- */

static void on_ping(struct loop_timer *timer)
{
	struct bus *bus = container_of(timer, struct bus, timer);

	if (loop_now_ms(bus->loop) - bus->heard_ms >= SILENCE_MS) {
		disconnect(bus, "it does not answer");
		return;
	}
	/* before the PING, which may find that the bus is clogged */
	loop_set_timer(bus->loop, timer, PING_MS, on_ping);
	queue_words(bus, "PING", span_of(NULL, 0));
}

static redisContext *connect_to(const struct address *address)
{
	if (address->path[0] != '\0')
		return redisConnectUnixNonBlock(address->path);
	return redisConnectNonBlock(address->host, address->port);
}

static void on_retry(struct loop_timer *timer)
{
	struct bus *bus = container_of(timer, struct bus, timer);

	bus->context = connect_to(&bus->conf.address);
	if (bus->context == NULL || bus->context->err != 0) {
		disconnect(bus, bus->context ? bus->context->errstr
					     : "out of memory");
		return;
	}
	bus->reader = redisReaderCreate();
	if (bus->reader == NULL)
		fatalx("out of memory for a reader of redis");
	bus->state = BUS_CONNECTING;
	bus->heard_ms = loop_now_ms(bus->loop);
	loop_add(bus->loop, &bus->watch, bus->context->fd,
		 LOOP_READ | LOOP_WRITE, on_ready);
	queue_login(bus);
	queue_words(bus, "PING", span_of(NULL, 0));
	loop_set_timer(bus->loop, timer, PING_MS, on_ping);
}

struct bus *bus_new(struct loop *loop, const struct bus_conf *conf,
		    const struct bus_ops *ops, void *ctx)
{
	struct bus *bus = xcalloc(1, sizeof(*bus));

	bus->loop = loop;
	bus->conf = *conf;
	bus->ops = ops;
	bus->ctx = ctx;
	bus->watch.fd = -1;
	loop_set_timer(loop, &bus->timer, 0, on_retry);
	return bus;
}

void bus_free(struct bus *bus)
{
	loop_clear_timer(bus->loop, &bus->timer);
	loop_remove(bus->loop, &bus->watch);
	if (bus->reader != NULL)
		redisReaderFree(bus->reader);
	if (bus->context != NULL)
		redisFree(bus->context);
	buf_release(&bus->out);
	free(bus);
}

uint64_t bus_subscribe(struct bus *bus, struct span topic)
{
	if (bus->state == BUS_UP) {
		queue_words(bus, "SUBSCRIBE", topic);
		bus->sent++;
	}
	return bus->sent;
}

void bus_unsubscribe(struct bus *bus, struct span topic)
{
	if (bus->state != BUS_UP)
		return;
	queue_words(bus, "UNSUBSCRIBE", topic);
	bus->sent++;
}
