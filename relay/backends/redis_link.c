/* SPDX-License-Identifier: MIT
 *
 * Connects to Redis, checks it, and reconnects.
 */
#include "relay/backends/redis_link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/buf.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/daemon/metric.h"
#include "relay/list.h"

#define READ_BYTES 65536
/* Bytes read in one turn: Redis drops a subscriber that reads too slowly. */
#define READS_MAX 16

/* Limit of unsent commands. A worker stays below it that subscribes again to a
 * hundred thousand channels, or registers as many members, each with a KiB of
 * user_info. */
#define OUT_MAX_BYTES (128 * 1024 * 1024)
/* Capacity kept when none are unsent. */
#define OUT_KEPT_BYTES (1024 * 1024)

/* Silence shows that Redis is stopped or cut off. */
#define PING_MS 1000
#define SILENCE_MS 3000

enum link_state {
	LINK_WAITING = 0, /* for the next attempt */
	LINK_CONNECTING,  /* until the answer to the first PING */
	LINK_UP,
	LINK_CLOGGED, /* takes no more from us: disconnects in this turn */
};

struct redis_link {
	struct loop *loop;
	struct redis_link_conf conf;
	const struct redis_link_ops *ops;
	void *ctx;
	enum link_state state;
	bool was_reported; /* the outage was logged */
	bool is_refused;   /* a command was refused: a PONG proves nothing */
	redisContext *context; /* only for connecting; NULL: not connected */
	redisReader *reader;
	struct loop_watch watch;
	struct loop_timer timer; /* next attempt, or next PING */
	struct backoff backoff;
	struct buf out; /* sent | waiting */
	size_t sent;
	int64_t heard_ms; /* when Redis last sent something */
	char scratch[READ_BYTES];
};

static void on_retry(struct loop_timer *timer);

/* Back to waiting; on_down only if on_up was called. */
static void disconnect_link(struct redis_link *link, const char *why)
{
	bool was_up = link->state == LINK_UP || link->state == LINK_CLOGGED;

	if (!link->was_reported)
		log_warn("%s is unavailable: %s", link->conf.name, why);
	link->was_reported = true;
	loop_remove(link->loop, &link->watch);
	if (link->reader != NULL)
		redisReaderFree(link->reader);
	if (link->context != NULL)
		redisFree(link->context);
	link->reader = NULL;
	link->context = NULL;
	link->state = LINK_WAITING;
	metric_set(link->conf.up, 0);
	buf_release(&link->out);
	link->sent = 0;
	loop_set_timer(link->loop, &link->timer,
		       backoff_next_ms(&link->backoff, crypto_random_u32()),
		       on_retry);
	if (was_up)
		link->ops->on_down(link->ctx);
}

static size_t waiting(const struct redis_link *link)
{
	return link->out.len - link->sent;
}

/* Sends what is queued, as far as the kernel takes it. */
static void flush_link(struct redis_link *link)
{
	while (waiting(link) > 0) {
		ssize_t sent = send(link->watch.fd, link->out.data + link->sent,
				    waiting(link), MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1)
			break; /* full, or broken: the next read finds out */
		link->sent += (size_t)sent;
	}
	/* move the rest only when it is the smaller part: rarely if large */
	if (link->sent >= waiting(link)) {
		buf_drop(&link->out, link->sent);
		link->sent = 0;
	}
	if (link->out.len == 0 && link->out.cap > OUT_KEPT_BYTES)
		buf_release(&link->out);
	loop_change(link->loop, &link->watch,
		    waiting(link) > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void on_clogged(struct loop_timer *timer)
{
	struct redis_link *link = container_of(timer, struct redis_link, timer);

	disconnect_link(link, "it takes no commands");
}

static void queue(struct redis_link *link, int argc, const char **argv,
		  const size_t *lens)
{
	char *command;
	int len;

	len = redisFormatCommandArgv(&command, argc, argv, lens);
	if (len < 0)
		fatalx("hiredis cannot format a command");
	buf_add(&link->out, command, (size_t)len);
	free(command);
	loop_change(link->loop, &link->watch, LOOP_READ | LOOP_WRITE);
	/* not now: a caller must not be called back before its call
	 * returns */
	if (waiting(link) > OUT_MAX_BYTES && link->state == LINK_UP) {
		link->state = LINK_CLOGGED;
		loop_set_timer(link->loop, &link->timer, 0, on_clogged);
	}
}

static void queue_ping(struct redis_link *link)
{
	const char *argv[1] = { "PING" };
	size_t lens[1] = { 4 };

	queue(link, 1, argv, lens);
}

static void queue_login(struct redis_link *link)
{
	const char *user = link->conf.user, *password = link->conf.password;
	const char *argv[3] = { "AUTH", user, password };
	size_t lens[3] = { 4, strlen(user), strlen(password) };

	if (lens[2] == 0)
		return;
	if (lens[1] == 0) {
		argv[1] = password;
		lens[1] = lens[2];
		queue(link, 2, argv, lens);
	} else {
		queue(link, 3, argv, lens);
	}
}

/* ---- replies ---- */

struct span redis_link_text(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING &&
	    reply->type != REDIS_REPLY_STATUS)
		return span_of(NULL, 0);
	return span_of(reply->str, (size_t)reply->len);
}

/* Scripts never answer with a status. Arrays and strings may hold user ids, so
 * they cannot identify a PONG. */
static bool is_pong(const struct redis_link *link, const redisReply *reply)
{
	if (link->ops->is_subscriber && reply->type == REDIS_REPLY_ARRAY)
		return reply->elements == 2 &&
		       span_is(redis_link_text(reply->element[0]), "pong");
	return reply->type == REDIS_REPLY_STATUS &&
	       span_is(redis_link_text(reply), "PONG");
}

/* Redis carries out commands. */
static void settle(struct redis_link *link)
{
	backoff_reset(&link->backoff);
	if (link->was_reported)
		log_info("%s is back", link->conf.name);
	link->was_reported = false;
	link->is_refused = false;
	metric_set(link->conf.up, 1);
}

/* After a refusal the first PONG proves nothing: the commands that it triggers
 * may be refused again. The second PONG follows their answers. */
static void on_pong(struct redis_link *link)
{
	bool was_up = link->state == LINK_UP;

	if (was_up == link->is_refused)
		settle(link);
	if (link->state != LINK_CONNECTING)
		return;
	link->state = LINK_UP;
	link->ops->on_up(link->ctx);
}

void redis_link_refuse(struct redis_link *link, const char *why)
{
	link->is_refused = link->state == LINK_UP;
	disconnect_link(link, why);
}

static void take_reply(struct redis_link *link, const redisReply *reply)
{
	if (is_pong(link, reply))
		on_pong(link);
	else if (link->state == LINK_UP)
		link->ops->on_reply(link->ctx, reply);
	else if (reply->type == REDIS_REPLY_ERROR)
		/* wrong password, still loading */
		redis_link_refuse(link, reply->str);
}

/* Passes on replies until none is left or the connection is gone. */
static void take_replies(struct redis_link *link)
{
	while (link->reader != NULL) {
		void *reply = NULL;

		if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
			disconnect_link(link, "it does not speak its protocol");
			return;
		}
		if (reply == NULL)
			return;
		take_reply(link, reply);
		freeReplyObject(reply);
	}
}

/* Reads once; returns whether more may follow. */
static bool read_some(struct redis_link *link)
{
	ssize_t len = recv(link->watch.fd, link->scratch, READ_BYTES, 0);

	if (len == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (len <= 0) {
		disconnect_link(link, len == 0 ? "it closed the connection"
					       : strerror(errno));
		return false;
	}
	link->heard_ms = loop_now_ms(link->loop);
	redisReaderFeed(link->reader, link->scratch, (size_t)len);
	take_replies(link);
	return len == READ_BYTES && link->reader != NULL;
}

static void receive_replies(struct redis_link *link)
{
	int reads = 0;

	while (read_some(link) && ++reads < READS_MAX)
		continue;
	if (link->state == LINK_UP && link->ops->on_pause != NULL)
		link->ops->on_pause(link->ctx);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
	struct redis_link *link = container_of(watch, struct redis_link, watch);

	if (events & LOOP_READ)
		receive_replies(link);
	if ((events & LOOP_WRITE) && link->context != NULL)
		flush_link(link);
}

/* ---- life ---- */

static void on_ping(struct loop_timer *timer)
{
	struct redis_link *link = container_of(timer, struct redis_link, timer);

	if (loop_now_ms(link->loop) - link->heard_ms >= SILENCE_MS) {
		disconnect_link(link, "it does not answer");
		return;
	}
	/* before the PING, which may find that the link is clogged */
	loop_set_timer(link->loop, timer, PING_MS, on_ping);
	queue_ping(link);
}

static redisContext *connect_to(const struct address *address)
{
	if (address->path[0] != '\0')
		return redisConnectUnixNonBlock(address->path);
	return redisConnectNonBlock(address->host, address->port);
}

static void on_retry(struct loop_timer *timer)
{
	struct redis_link *link = container_of(timer, struct redis_link, timer);

	link->context = connect_to(&link->conf.address);
	if (link->context == NULL || link->context->err != 0) {
		disconnect_link(link, link->context ? link->context->errstr
						    : "out of memory");
		return;
	}
	link->reader = redisReaderCreate();
	if (link->reader == NULL)
		fatalx("out of memory for a reader of redis");
	link->state = LINK_CONNECTING;
	link->heard_ms = loop_now_ms(link->loop);
	loop_add(link->loop, &link->watch, link->context->fd,
		 LOOP_READ | LOOP_WRITE, on_ready);
	queue_login(link);
	queue_ping(link);
	loop_set_timer(link->loop, timer, PING_MS, on_ping);
}

struct redis_link *redis_link_new(struct loop *loop,
				  const struct redis_link_conf *conf,
				  const struct redis_link_ops *ops, void *ctx)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->loop = loop;
	link->conf = *conf;
	link->ops = ops;
	link->ctx = ctx;
	link->watch.fd = -1;
	loop_set_timer(loop, &link->timer, 0, on_retry);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	loop_clear_timer(link->loop, &link->timer);
	loop_remove(link->loop, &link->watch);
	if (link->reader != NULL)
		redisReaderFree(link->reader);
	if (link->context != NULL)
		redisFree(link->context);
	buf_release(&link->out);
	free(link);
}

bool redis_link_is_up(const struct redis_link *link)
{
	return link->state == LINK_UP;
}

void redis_link_send(struct redis_link *link, int argc, const char **argv,
		     const size_t *lens)
{
	if (link->state == LINK_UP)
		queue(link, argc, argv, lens);
}
