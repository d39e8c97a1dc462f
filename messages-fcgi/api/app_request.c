/* SPDX-License-Identifier: MIT
 *
 * The first step of every route below /apps/{id}/. Knows none of the routes.
 */
#include "messages-fcgi/api/app_request.h"

#include "common/base/clock.h"
#include "messages-fcgi/api/signature.h"

/* Only the body of a POST is checked. */
static int check_sent_body(const struct request *request,
			   struct api_error *error)
{
	if (request->method != REQUEST_POST)
		return 0;
	switch (request->body_state) {
	case REQUEST_BODY_OK:
		return 0;
	case REQUEST_BODY_NO_LENGTH:
		return api_error_set(error, 411, "Content-Length is missing");
	case REQUEST_BODY_TOO_LARGE:
		return api_error_set(error, 413, "The body is too large");
	case REQUEST_BODY_BAD:
	default:
		return api_error_set(
			error, 400,
			"The body is not as long as Content-Length "
			"says");
	}
}

/* The path as it was sent; absent if the web server does not pass it. */
static struct span sent_path(struct span target)
{
	const char *query =
		target.len > 0 ? memchr(target.ptr, '?', target.len) : NULL;

	if (query != NULL)
		target.len = (size_t)(query - target.ptr);
	return target;
}

static int check_app_request(const struct app *app,
			     const struct request *request, struct form *query,
			     struct api_error *error)
{
	struct signature_request signed_request = {
		.method = request->method_name,
		.path = request->path,
		.sent_path = sent_path(request->target),
		.query = query,
		.now_s = clock_wall_s(),
	};
	const char *why;

	if (app == NULL)
		return api_error_set(error, 404, "No app has this id");
	if (check_sent_body(request, error) == -1)
		return -1;
	if (form_parse_urlencoded(query, request->query, &why) == -1)
		return api_error_set(error, 400, "The query does not parse: %s",
				     why);
	if (request->method == REQUEST_POST)
		signed_request.body = buf_span(&request->body);
	if (signature_check(app, &signed_request, error) == -1)
		return -1;
	if (!app->enabled)
		return api_error_set(error, 403, "This app is disabled");
	return 0;
}

const struct app *app_request_check(const struct call *call, struct form *query,
				    struct api_error *error)
{
	const struct app *app =
		apps_find_id(call->context->apps, call->path.parts[0]);

	return check_app_request(app, call->request, query, error) == 0 ? app
									: NULL;
}
