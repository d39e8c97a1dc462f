/* SPDX-License-Identifier: MIT
 *
 * Which handler answers which path and method.
 */
#ifndef MESSAGES_FCGI_API_ROUTE_H
#define MESSAGES_FCGI_API_ROUTE_H

#include "messages-fcgi/api/auth_post.h"
#include "messages-fcgi/api/channels_get.h"
#include "messages-fcgi/api/events_get.h"
#include "messages-fcgi/api/events_post.h"
#include "messages-fcgi/api/messages_get.h"
#include "messages-fcgi/api/messages_post.h"
#include "messages-fcgi/stats.h"

/* What the handlers work with; borrowed. Threads share it, so nothing in it
 * changes. */
struct route_context {
	struct messages_post messages_post;
	struct messages_get messages_get;
	struct events_post events_post;
	struct events_get events_get;
	struct channels_get channels_get;
	struct auth_post auth_post;
	const char *app_key, *allowed_origins; /* the page's app's */
	size_t form_max_bytes, api_max_bytes;  /* of bodies */
};

/* The largest body that is read for this path. */
size_t route_body_max(const struct route_context *context, struct span path);

/* Answers the request, whatever it is, or fills deferred, which is empty
 * before. Returns the route that it counts as. */
enum stats_route route_answer(const struct route_context *context,
			      const struct request *request,
			      struct response *response,
			      struct deferred_answer *deferred);

#endif
