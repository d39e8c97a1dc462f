/* SPDX-License-Identifier: MIT
 *
 * What a page of another origin may do, by what its browser says of it (the
 * Fetch standard's CORS protocol and its metadata). Knows no route. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_CORS_H
#define MESSAGES_FCGI_HTTP_CORS_H

#include <stdbool.h>

#include "common/base/span.h"

/* Headers of a request; absent ones are no page's. */
struct cors_request {
	struct span origin; /* Origin */
	struct span site;   /* Sec-Fetch-Site */
};

/* Whether it may change something. allowed: for origin_is_listed; where that is
 * empty, what the browser itself calls another origin's may not. */
bool cors_may_post(const struct cors_request *request, const char *allowed);

/* The origin whose pages may read the answer; absent: none but our own. */
struct span cors_reader(const struct cors_request *request,
			const char *allowed);

#endif
