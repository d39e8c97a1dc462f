/* SPDX-License-Identifier: MIT
 *
 * Sends a client event to the other members of its channel: through Redis to
 * those of all workers, or, while Redis is unavailable, to those of this one.
 * session has checked that the client may send it.
 */
#ifndef RELAY_HUB_CLIENT_EVENT_H
#define RELAY_HUB_CLIENT_EVENT_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

/* All is borrowed. */
struct client_event {
	struct channel *channel;
	struct span topic;  /* of the channel, in Redis */
	uint64_t socket_id; /* of the sender, which does not get it */
	const char
		*user_id; /* of the sender on a presence channel, else NULL */
	struct span name, data;
};

/* Publishes the event and queues it for the app's webhooks. is_heard: published
 * events come back to this worker; else it also sends the event itself. */
void client_event_send(const struct client_event *event, struct roster *roster,
		       bool is_heard);

#endif
