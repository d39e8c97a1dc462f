/* SPDX-License-Identifier: MIT
 *
 * The contract between messages-fcgi and relay: the form of the events that
 * messages-fcgi publishes to Redis. Pure.
 *
 * Redis channel: {prefix}:{app}:{channel}
 * Payload:       {version} {epoch} {id} {exclude}\n{event}
 *
 * {exclude} is a socket id or '-', {event} the Pusher event of event_encode.
 * For an event that is not in the log, {id} is 0 and {epoch} is '-'.
 */
#ifndef COMMON_WIRE_ENVELOPE_H
#define COMMON_WIRE_ENVELOPE_H

#include <stdint.h>

#include "common/base/buf.h"

#define ENVELOPE_VERSION 1

/* After envelope_decode the spans point into the payload. */
struct envelope {
	struct span epoch;   /* absent: not in the log */
	int64_t id;          /* 0: not in the log */
	struct span exclude; /* this socket does not get it; absent: none */
	struct span event;
};

enum envelope_result {
	ENVELOPE_OK = 0,
	/* An unknown version. No field is set: the log of the channel may have
	 * grown. */
	ENVELOPE_UNKNOWN,
	ENVELOPE_BAD, /* malformed: the fields are undefined */
};

/* Adds the payload. */
void envelope_encode(struct buf *buf, const struct envelope *envelope);

enum envelope_result envelope_decode(struct span payload,
				     struct envelope *envelope);

/* Adds the name of the Redis channel. */
void envelope_add_topic(struct buf *buf, const char *prefix, const char *app,
			struct span channel);

/* Adds the Redis key of a cache channel, {prefix}:cache:{app}:{channel}. Its
 * value is the channel's last event, as event_encode encodes it. */
void envelope_add_cache_key(struct buf *buf, const char *prefix,
			    const char *app, struct span channel);

/* The part of a Redis channel's name after the prefix, {app}:{channel}; absent
 * if the name does not begin with the prefix and a colon. */
struct span envelope_topic_key(struct span topic, const char *prefix);

#endif
