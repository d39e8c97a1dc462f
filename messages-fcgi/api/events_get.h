/* SPDX-License-Identifier: MIT
 *
 * GET /apps/{id}/channels/{channel}/events: see API.md.
 */
#ifndef MESSAGES_FCGI_API_EVENTS_GET_H
#define MESSAGES_FCGI_API_EVENTS_GET_H

#include "common/config/app.h"
#include "messages-fcgi/api/history.h"

/* What it works with; borrowed. */
struct events_get {
	const struct apps *apps;
	const struct history *history;
};

void events_get(const struct events_get *self, struct span app_id,
		struct span channel, const struct request *request,
		struct response *response);

#endif
