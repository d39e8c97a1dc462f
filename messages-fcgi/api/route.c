/* SPDX-License-Identifier: MIT
 *
 * The table of routes, as ROUTES has them.
 */
#include "messages-fcgi/api/route.h"

#include "messages-fcgi/api/auth_post.h"
#include "messages-fcgi/api/channels_get.h"
#include "messages-fcgi/api/config_get.h"
#include "messages-fcgi/api/events_get.h"
#include "messages-fcgi/api/events_post.h"
#include "messages-fcgi/api/messages_get.h"
#include "messages-fcgi/api/messages_post.h"
#include "messages-fcgi/routes.h"

#define ROUTE(verb, pattern, fn)                                               \
	{ .method = REQUEST_##verb, .path = pattern, .handler = fn },

static const struct route {
	enum request_method method;
	const char *path;
	call_handler_fn *handler;
} routes[ROUTES_COUNT] = { ROUTES(ROUTE) };

/* The methods of a path, as bits. */
#define BIT(method) (1u << (method))

/* The row for this method and path; ROUTES_COUNT if there is none. Then
 * *methods has those of the path, 0 if no row has the path. */
static size_t find_route(enum request_method method, struct span path,
			 struct path_pattern_parts *parts, unsigned *methods)
{
	size_t i;

	if (method == REQUEST_HEAD)
		method = REQUEST_GET;
	*methods = 0;
	for (i = 0; i < ROUTES_COUNT; i++) {
		if (!path_pattern_match(path, routes[i].path, parts))
			continue;
		*methods |= BIT(routes[i].method);
		if (routes[i].method == method)
			return i;
	}
	return ROUTES_COUNT;
}

/* The value of the header Allow. */
static const char *allow_header(unsigned methods)
{
	if (methods == BIT(REQUEST_GET))
		return "GET, HEAD, OPTIONS";
	if (methods == BIT(REQUEST_POST))
		return "POST, OPTIONS";
	return "GET, HEAD, POST, OPTIONS";
}

static void refuse_request(struct response *response, int status,
			   const char *allow, const char *detail)
{
	struct problem problem;

	problem_set(&problem, status, NULL, "%s", detail);
	problem.allow = allow;
	response_problem(response, &problem);
}

/* Servers sign their requests below /apps/; the other paths are for pages. */
static bool is_for_servers(struct span path)
{
	return span_starts(path, "/apps/");
}

/* Whether the request's origin may send it. Prepares the CORS headers of the
 * response. */
static bool may_ask(const struct call_context *context,
		    const struct request *request, struct response *response)
{
	const char *allowed = context->page->allowed_origins;

	if (is_for_servers(request->path))
		return true;
	response->reader = cors_reader(&request->cors, allowed);
	response->is_for_pages = allowed[0] != '\0';
	return request->method != REQUEST_POST ||
	       cors_may_post(&request->cors, allowed);
}

static void send_options(struct response *response, const char *allow)
{
	const struct response_head head = { .status = 204,
					    .cache = "no-store",
					    .allow = allow };

	response_send(response, &head, span_of(NULL, 0));
}

size_t route_body_max(const struct call_context *context, struct span path)
{
	return is_for_servers(path) ? context->api_max_bytes
				    : context->form_max_bytes;
}

size_t route_answer(const struct call_context *context,
		    const struct request *request, struct response *response,
		    struct deferred_answer *deferred)
{
	struct call call = { .context = context,
			     .request = request,
			     .response = response,
			     .deferred = deferred };
	unsigned methods;
	size_t row = find_route(request->method, request->path, &call.path,
				&methods);

	if (methods == 0)
		refuse_request(response, 404, NULL, "there is nothing here");
	else if (!may_ask(context, request, response))
		refuse_request(response, 403, NULL,
			       "pages of this origin may not post here");
	else if (row < ROUTES_COUNT)
		routes[row].handler(&call);
	else if (request->method == REQUEST_OPTIONS)
		send_options(response, allow_header(methods));
	else
		refuse_request(response, 405, allow_header(methods),
			       "this method is not allowed here");
	return row;
}
