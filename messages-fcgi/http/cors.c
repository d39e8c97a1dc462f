/* SPDX-License-Identifier: MIT
 *
 * The operator's list, and where there is none the browser's word.
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
