/* SPDX-License-Identifier: MIT
 *
 * What a client says to the others in its channel: to those of all workers,
 * through Redis, or while that is unavailable to those of this one. Whether it
 * may, session has decided.
 */
#ifndef RELAY_HUB_CLIENT_EVENT_H
#define RELAY_HUB_CLIENT_EVENT_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

/* All is borrowed. */
struct client_event {
	struct channel *channel;
	struct span topic;   /* of the channel, in Redis */
	uint64_t socket_id;  /* who sends it, and does not get it */
	const char *user_id; /* the same on a presence channel, else NULL */
	struct span name, data;
};

/* Publishes the event and tells webhooks of it. is_heard: what is published
 * comes back to this worker. */
void client_event_send(const struct client_event *event, struct roster *roster,
		       bool is_heard);

#endif
