/* SPDX-License-Identifier: MIT
 *
 * The rights of pages of other origins, decided from the headers of their
 * browser (CORS and Fetch Metadata). Knows no route. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_CORS_H
#define MESSAGES_FCGI_HTTP_CORS_H

#include <stdbool.h>

#include "common/base/span.h"

/* Headers of a request; absent ones do not come from a page. */
struct cors_request {
	struct span origin; /* Origin */
	struct span site;   /* Sec-Fetch-Site */
};

/* Whether the request may change state. allowed: for origin_is_listed. If it is
 * empty, requests that Sec-Fetch-Site marks as another origin's may not. */
bool cors_may_post(const struct cors_request *request, const char *allowed);

/* The origin whose pages may read the answer; absent: only the same origin. */
struct span cors_reader(const struct cors_request *request,
			const char *allowed);

#endif
