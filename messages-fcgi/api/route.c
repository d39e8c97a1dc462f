/* SPDX-License-Identifier: MIT
 *
 * The routing table, and what HTTP asks of every route: HEAD, OPTIONS, 404 and
 * 405. Knows no resource but the page's configuration, which is two strings.
 */
#include "messages-fcgi/api/route.h"

#include "common/base/json.h"
#include "common/config/channel_name.h"
#include "messages-fcgi/http/path_pattern.h"

/* parts: of the path, where the route's has asterisks. */
typedef void route_fn(const struct route_context *context,
		      const struct path_pattern_parts *path,
		      const struct request *request, struct response *response,
		      struct deferred_answer *deferred);

static void on_messages_get(const struct route_context *context,
			    const struct path_pattern_parts *path,
			    const struct request *request,
			    struct response *response,
			    struct deferred_answer *deferred)
{
	(void)path;
	(void)deferred;
	messages_get(&context->messages_get, request, response);
}

static void on_messages_post(const struct route_context *context,
			     const struct path_pattern_parts *path,
			     const struct request *request,
			     struct response *response,
			     struct deferred_answer *deferred)
{
	(void)path;
	messages_post(&context->messages_post, request, response, deferred);
}

static void on_config_get(const struct route_context *context,
			  const struct path_pattern_parts *path,
			  const struct request *request,
			  struct response *response,
			  struct deferred_answer *deferred)
{
	static const struct response_head head = { .status = 200,
						   .type = "application/json",
						   .cache = "no-cache" };
	struct buf body = BUF_INIT;

	(void)path;
	(void)deferred;
	(void)request;
	buf_add_str(&body, "{\"key\":");
	json_add_string(&body, span_str(context->app_key));
	buf_add_str(&body, ",\"channel\":");
	json_add_string(&body, span_str(CHANNEL_NAME_DEFAULT));
	buf_add_char(&body, '}');
	response_send(response, &head, buf_span(&body));
	buf_release(&body);
}

static void on_events_post(const struct route_context *context,
			   const struct path_pattern_parts *path,
			   const struct request *request,
			   struct response *response,
			   struct deferred_answer *deferred)
{
	events_post(&context->events_post, path->parts[0], request, response,
		    deferred);
}

static void on_batch_post(const struct route_context *context,
			  const struct path_pattern_parts *path,
			  const struct request *request,
			  struct response *response,
			  struct deferred_answer *deferred)
{
	events_post_batch(&context->events_post, path->parts[0], request,
			  response, deferred);
}

static void on_events_get(const struct route_context *context,
			  const struct path_pattern_parts *path,
			  const struct request *request,
			  struct response *response,
			  struct deferred_answer *deferred)
{
	(void)deferred;
	events_get(&context->events_get, path->parts[0], path->parts[1],
		   request, response);
}

static void on_channels_get(const struct route_context *context,
			    const struct path_pattern_parts *path,
			    const struct request *request,
			    struct response *response,
			    struct deferred_answer *deferred)
{
	(void)deferred;
	channels_get(&context->channels_get, path->parts[0], request, response);
}

static void on_channel_get(const struct route_context *context,
			   const struct path_pattern_parts *path,
			   const struct request *request,
			   struct response *response,
			   struct deferred_answer *deferred)
{
	(void)deferred;
	channels_get_one(&context->channels_get, path->parts[0], path->parts[1],
			 request, response);
}

static void on_users_get(const struct route_context *context,
			 const struct path_pattern_parts *path,
			 const struct request *request,
			 struct response *response,
			 struct deferred_answer *deferred)
{
	(void)deferred;
	channels_get_users(&context->channels_get, path->parts[0],
			   path->parts[1], request, response);
}

static void on_terminate_post(const struct route_context *context,
			      const struct path_pattern_parts *path,
			      const struct request *request,
			      struct response *response,
			      struct deferred_answer *deferred)
{
	(void)deferred;
	channels_terminate_user(&context->channels_get, path->parts[0],
				path->parts[1], request, response);
}

static void on_auth_post(const struct route_context *context,
			 const struct path_pattern_parts *path,
			 const struct request *request,
			 struct response *response,
			 struct deferred_answer *deferred)
{
	(void)path;
	(void)deferred;
	auth_post_channel(&context->auth_post, request, response);
}

static void on_user_auth_post(const struct route_context *context,
			      const struct path_pattern_parts *path,
			      const struct request *request,
			      struct response *response,
			      struct deferred_answer *deferred)
{
	(void)path;
	(void)deferred;
	auth_post_user(&context->auth_post, request, response);
}

/* What answers a method, and as what it is counted. answer NULL: not
 * allowed. */
struct handler {
	route_fn *answer;
	enum stats_route counted;
};

/* A handler of GET answers HEAD too: response drops the body. */
static const struct route {
	const char *path; /* for path_pattern_match */
	const char *allow;
	struct handler get, post;
} routes[] = {
	{ "/messages",
	  "GET, HEAD, POST, OPTIONS",
	  { on_messages_get, STATS_GET_MESSAGES },
	  { on_messages_post, STATS_POST_MESSAGES } },
	{ "/config.json",
	  "GET, HEAD, OPTIONS",
	  { on_config_get, STATS_GET_CONFIG },
	  { NULL, STATS_OTHER } },
	{ "/apps/*/events",
	  "POST, OPTIONS",
	  { NULL, STATS_OTHER },
	  { on_events_post, STATS_POST_EVENTS } },
	{ "/apps/*/batch_events",
	  "POST, OPTIONS",
	  { NULL, STATS_OTHER },
	  { on_batch_post, STATS_POST_BATCH } },
	{ "/apps/*/channels/*/events",
	  "GET, HEAD, OPTIONS",
	  { on_events_get, STATS_GET_EVENTS },
	  { NULL, STATS_OTHER } },
	{ "/apps/*/channels",
	  "GET, HEAD, OPTIONS",
	  { on_channels_get, STATS_GET_CHANNELS },
	  { NULL, STATS_OTHER } },
	{ "/apps/*/channels/*",
	  "GET, HEAD, OPTIONS",
	  { on_channel_get, STATS_GET_CHANNEL },
	  { NULL, STATS_OTHER } },
	{ "/apps/*/channels/*/users",
	  "GET, HEAD, OPTIONS",
	  { on_users_get, STATS_GET_USERS },
	  { NULL, STATS_OTHER } },
	{ "/apps/*/users/**/terminate_connections",
	  "POST, OPTIONS",
	  { NULL, STATS_OTHER },
	  { on_terminate_post, STATS_POST_TERMINATE } },
	{ "/pusher/auth",
	  "POST, OPTIONS",
	  { NULL, STATS_OTHER },
	  { on_auth_post, STATS_POST_AUTH } },
	{ "/pusher/user-auth",
	  "POST, OPTIONS",
	  { NULL, STATS_OTHER },
	  { on_user_auth_post, STATS_POST_USER_AUTH } },
};

static const struct route *find_route(struct span path,
				      struct path_pattern_parts *parts)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (path_pattern_match(path, routes[i].path, parts))
			return &routes[i];
	return NULL;
}

static struct handler find_handler(const struct route *route,
				   enum request_method method)
{
	switch (method) {
	case REQUEST_GET:
	case REQUEST_HEAD:
		return route->get;
	case REQUEST_POST:
		return route->post;
	case REQUEST_OPTIONS:
	case REQUEST_OTHER:
	default:
		return (struct handler){ NULL, STATS_OTHER };
	}
}

static void refuse(struct response *response, int status, const char *allow,
		   const char *detail)
{
	struct problem problem;

	problem_set(&problem, status, NULL, "%s", detail);
	problem.allow = allow;
	response_problem(response, &problem);
}

/* What is below /apps/ is signed by servers, and no page's. */
static bool is_for_servers(struct span path)
{
	return span_starts(path, "/apps/");
}

/* Whether a page of this origin may; the answer says so, too. */
static bool may_ask(const struct route_context *context,
		    const struct request *request, struct response *response)
{
	const char *allowed = context->allowed_origins;

	if (is_for_servers(request->path))
		return true;
	response->reader = cors_reader(&request->cors, allowed);
	response->is_for_pages = allowed[0] != '\0';
	return request->method != REQUEST_POST ||
	       cors_may_post(&request->cors, allowed);
}

size_t route_body_max(const struct route_context *context, struct span path)
{
	return is_for_servers(path) ? context->api_max_bytes
				    : context->form_max_bytes;
}

enum stats_route route_answer(const struct route_context *context,
			      const struct request *request,
			      struct response *response,
			      struct deferred_answer *deferred)
{
	struct path_pattern_parts parts;
	const struct route *route = find_route(request->path, &parts);
	struct handler handler;

	if (route == NULL) {
		refuse(response, 404, NULL, "there is nothing here");
		return STATS_OTHER;
	}
	handler = find_handler(route, request->method);
	if (!may_ask(context, request, response)) {
		refuse(response, 403, NULL,
		       "pages of this origin may not post here");
	} else if (handler.answer != NULL) {
		handler.answer(context, &parts, request, response, deferred);
	} else if (request->method == REQUEST_OPTIONS) {
		const struct response_head head = { .status = 204,
						    .cache = "no-store",
						    .allow = route->allow };

		response_send(response, &head, span_of(NULL, 0));
	} else {
		refuse(response, 405, route->allow,
		       "this method is not allowed here");
	}
	return handler.counted;
}
