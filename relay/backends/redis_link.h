/* SPDX-License-Identifier: MIT
 *
 * One connection to Redis, on the loop: connects, logs in, checks the server
 * with PING, and reconnects after a failure. Knows nothing of the commands and
 * answers of its owner.
 *
 * hiredis serves as a codec only: the asynchronous API of its version 0.14
 * aborts the process on pipelined SUBSCRIBE, UNSUBSCRIBE and PING.
 */
#ifndef RELAY_BACKENDS_REDIS_LINK_H
#define RELAY_BACKENDS_REDIS_LINK_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct redis_link;

struct redis_link_conf {
	struct address address;      /* of Redis */
	const char *user, *password; /* empty: none; borrowed */
	const char *name;            /* for the log; borrowed */
	_Atomic int64_t *up;         /* a metric: 1 while Redis serves us */
};

struct redis_link_ops {
	/* The link only subscribes: Redis then sends PONG as an array, which
	 * on any other link might be an answer to the owner. */
	bool is_subscriber;
	/* Redis answers, and has no state of an earlier connection. */
	void (*on_up)(void *ctx);
	/* Commands without an answer yet will not get one. */
	void (*on_down)(void *ctx);
	/* Borrowed. Answers come in the order of the commands; those to the
	 * link's own PING are left out. */
	void (*on_reply)(void *ctx, const redisReply *reply);
	/* A batch of replies was passed on and no more are ready. May be
	 * NULL. */
	void (*on_pause)(void *ctx);
};

/* Connects, and retries until freed. */
struct redis_link *redis_link_new(struct loop *loop,
				  const struct redis_link_conf *conf,
				  const struct redis_link_ops *ops, void *ctx);
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);

/* Sends one command; no-op while the link is down. */
void redis_link_send(struct redis_link *link, int argc, const char **argv,
		     const size_t *lens);

/* Call in on_reply if the answer makes the connection useless. The link
 * reconnects, and does not count a PONG as recovery until it has sent further
 * commands that were not refused. */
void redis_link_refuse(struct redis_link *link, const char *why);

/* The text of a string or status reply; else absent. Borrowed. */
struct span redis_link_text(const redisReply *reply);

#endif
