/* SPDX-License-Identifier: MIT
 *
 * One connection to Redis, on the loop: made, logged in to, watched by PING,
 * and made again after it broke. What is sent on it and what the answers mean
 * is the owner's business.
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
	/* Only subscribes: PONG comes as it is told to who does, which to
	 * anybody else might be an answer. */
	bool is_subscriber;
	/* Redis answers, and knows nothing of what was said before. */
	void (*on_up)(void *ctx);
	/* What was sent will not be answered any more. */
	void (*on_down)(void *ctx);
	/* Borrowed. Answers come in the order of what was sent; those to the
	 * link's own PING are left out. */
	void (*on_reply)(void *ctx, const redisReply *reply);
	/* Some replies have been passed on, and for now there are no more. May
	 * be NULL. */
	void (*on_pause)(void *ctx);
};

/* Connects, and goes on trying until freed. */
struct redis_link *redis_link_new(struct loop *loop,
				  const struct redis_link_conf *conf,
				  const struct redis_link_ops *ops, void *ctx);
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);

/* Sends one command; no-op while the link is down. */
void redis_link_send(struct redis_link *link, int argc, const char **argv,
		     const size_t *lens);

/* In on_reply: this answer makes the connection useless. It is made anew, and
 * that Redis answers a PING counts for nothing until more has been sent and
 * was not refused again. */
void redis_link_refuse(struct redis_link *link, const char *why);

/* What a reply holds if it is a string or a status; else absent. Borrowed. */
struct span redis_link_text(const redisReply *reply);

#endif
