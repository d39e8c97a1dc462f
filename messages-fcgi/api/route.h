/* SPDX-License-Identifier: MIT
 *
 * Finds the handler for a request, and does what HTTP requires of every route:
 * HEAD, OPTIONS, CORS, 403, 404 and 405. Knows no resource.
 */
#ifndef MESSAGES_FCGI_API_ROUTE_H
#define MESSAGES_FCGI_API_ROUTE_H

#include "messages-fcgi/api/call.h"

/* The maximum size of a request body for this path, in bytes. */
size_t route_body_max(const struct call_context *context, struct span path);

/* Answers any request, or fills deferred, which is empty before. Returns the
 * row of ROUTES that it counts as, or ROUTES_COUNT. */
size_t route_answer(const struct call_context *context,
		    const struct request *request, struct response *response,
		    struct deferred_answer *deferred);

#endif
