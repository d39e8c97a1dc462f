/* SPDX-License-Identifier: MIT
 *
 * Decides from the operator's list, or without a list from Sec-Fetch-Site.
 */
#include "messages-fcgi/http/cors.h"

#include "common/config/origin.h"

bool cors_may_post(const struct cors_request *request, const char *allowed)
{
	if (allowed[0] != '\0')
		return request->origin.ptr == NULL ||
		       origin_is_listed(request->origin, allowed);
	return request->site.ptr == NULL ||
	       span_is(request->site, "same-origin") ||
	       span_is(request->site, "none");
}

struct span cors_reader(const struct cors_request *request, const char *allowed)
{
	return request->origin.ptr != NULL && allowed[0] != '\0' &&
			       origin_is_listed(request->origin, allowed)
		       ? request->origin
		       : span_of(NULL, 0);
}
