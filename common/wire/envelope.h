/* SPDX-License-Identifier: MIT
 *
 * The one contract between messages-fcgi and relay: what is published to
 * Redis, and under which name. Pure.
 *
 * Redis channel: {prefix}:{app}:{channel}
 * Payload:       {version} {epoch} {id} {exclude}\n{event}
 *
 * with {exclude} a socket id or '-', and {event} the finished Pusher event of
 * event_encode. id is 0, and epoch '-', for an event that is not in the log.
 */
#ifndef COMMON_WIRE_ENVELOPE_H
#define COMMON_WIRE_ENVELOPE_H

#include <stdint.h>

#include "common/base/buf.h"

#define ENVELOPE_VERSION 1

/* Everything is borrowed from the payload that was decoded. */
struct envelope {
	struct span epoch;   /* absent: not in the log */
	int64_t id;          /* 0: not in the log */
	struct span exclude; /* absent: nobody is left out */
	struct span event;
};

enum envelope_result {
	ENVELOPE_OK = 0,
	/* Of a version that we don't know: only a hint that the log of the
	 * channel may have grown. */
	ENVELOPE_UNKNOWN,
	ENVELOPE_BAD, /* nobody of ours wrote this */
};

void envelope_encode(struct buf *buf, const struct envelope *envelope);

enum envelope_result envelope_decode(struct span payload,
				     struct envelope *envelope);

/* Adds the Redis channel's name. */
void envelope_add_topic(struct buf *buf, const char *prefix, const char *app,
			struct span channel);

/* Adds the key under which the last event of a cache channel is kept, as
 * event_encode has it: {prefix}:cache:{app}:{channel} */
void envelope_add_cache_key(struct buf *buf, const char *prefix,
			    const char *app, struct span channel);

/* What stands behind the prefix of a Redis channel's name, {app}:{channel};
 * absent if the name is not one of this prefix. */
struct span envelope_topic_key(struct span topic, const char *prefix);

#endif
