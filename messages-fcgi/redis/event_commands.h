/* SPDX-License-Identifier: MIT
 *
 * Events as Redis commands, one after the other in one buffer. Pure.
 */
#ifndef MESSAGES_FCGI_REDIS_EVENT_COMMANDS_H
#define MESSAGES_FCGI_REDIS_EVENT_COMMANDS_H

#include "common/base/buf.h"
#include "common/wire/event.h"

/* Owns its memory; all zero: no command. */
struct event_commands {
	struct buf bytes;
	struct buf ends; /* a size_t for each command: where it ends in bytes */
	struct buf payload, event, topic, key; /* of the command being added */
};

/* Adds the command that publishes an app's event, and that keeps it if its
 * channel is a cache channel. Redis answers each command with one reply. */
void event_commands_add(struct event_commands *commands, const char *prefix,
			const char *app, struct span epoch,
			const struct event *event);

/* The number of commands, from the first on, whose bytes fit into room. Sets
 * *bytes to their length. */
size_t event_commands_fitting(const struct event_commands *commands,
			      size_t room, size_t *bytes);

void event_commands_release(struct event_commands *commands);

#endif
