/* SPDX-License-Identifier: MIT
 *
 * What was stored goes to Redis, for the relays. Redis carries hints: a relay
 * that misses one reads the log. So nothing here ever makes a post wait, and
 * what can't be sent is dropped and counted.
 */
#ifndef MESSAGES_FCGI_REDIS_PUBLISHER_H
#define MESSAGES_FCGI_REDIS_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/settings.h"
#include "common/wire/event.h"

struct publisher;

/* Starts the thread that talks to Redis. At most buffer_bytes wait to be sent.
 * settings must outlive the publisher. */
struct publisher *publisher_new(const struct settings *settings,
				size_t buffer_bytes);

/* Sends what is pending, for at most a second, then ends the thread. Nothing
 * may be published any more. */
void publisher_free(struct publisher *publisher);

/* Queues an app's events: those of the log in the order of their ids, with its
 * epoch; those that are in no log (id 0) come to who is there, or to nobody.
 * Never waits for Redis. */
void publisher_publish(struct publisher *publisher, const char *app,
		       struct span epoch, const struct event *const *events,
		       size_t count);

/* Whether what is queued now has a chance: Redis answers, and there is room. */
bool publisher_is_ready(struct publisher *publisher);

#endif
