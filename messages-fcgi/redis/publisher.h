/* SPDX-License-Identifier: MIT
 *
 * Publishes events to Redis, for the relays, in a thread of its own. An event
 * of the log is only a hint there: a relay that misses it reads the log. So
 * publishing never makes a post wait, and events that cannot be sent are
 * dropped and counted. Any thread may use it.
 */
#ifndef MESSAGES_FCGI_REDIS_PUBLISHER_H
#define MESSAGES_FCGI_REDIS_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/settings.h"
#include "common/wire/event.h"

struct publisher;

/* Starts the thread. At most buffer_bytes of commands wait to be sent. settings
 * must outlive the publisher. */
struct publisher *publisher_new(const struct settings *settings,
				size_t buffer_bytes);

/* Sends the events that wait, for at most a second, then ends the thread. The
 * caller publishes nothing more. */
void publisher_free(struct publisher *publisher);

/* Queues events of one app; never waits for Redis. Events of the log are in the
 * order of their ids, and epoch is theirs. Events outside the log have id 0,
 * and reach only the clients that are connected at the moment. */
void publisher_publish(struct publisher *publisher, const char *app,
		       struct span epoch, const struct event *const *events,
		       size_t count);

/* Whether an event that is queued now is likely to be sent: Redis answers, and
 * there is room. */
bool publisher_is_ready(struct publisher *publisher);

#endif
