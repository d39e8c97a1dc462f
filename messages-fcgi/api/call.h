/* SPDX-License-Identifier: MIT
 *
 * The arguments of a handler: one request, the response to fill, and the
 * context that all handlers share.
 */
#ifndef MESSAGES_FCGI_API_CALL_H
#define MESSAGES_FCGI_API_CALL_H

#include "common/config/app.h"
#include "messages-fcgi/api/deferred_answer.h"
#include "messages-fcgi/api/history.h"
#include "messages-fcgi/api/message.h"
#include "messages-fcgi/http/path_pattern.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"
#include "messages-fcgi/redis/publisher.h"
#include "messages-fcgi/redis/roster_reader.h"

/* Borrowed from main. All request threads share it, so no handler changes
 * it. */
struct call_context {
	const struct apps *apps;
	const struct app *page; /* the app of the page's routes */
	const char *auth;       /* valid for auth_post_check_mode */
	const struct message_limits *limits;
	/* One for each app; NULL if the app has no history. That of the page's
	 * app is never NULL. */
	struct committer *const *committers;
	struct publisher *publisher;
	struct roster_reader *roster;
	struct history history;
	/* of request bodies, for the page's routes and below /apps/ */
	size_t form_max_bytes, api_max_bytes;
};

/* Borrowed until the handler returns. */
struct call {
	const struct call_context *context;
	const struct request *request;
	struct path_pattern_parts
		path; /* the parts at the pattern's asterisks */
	struct response *response;
	struct deferred_answer *deferred; /* empty */
};

/* Fills the response, or fills deferred and returns. Runs in a request thread:
 * see leader.h about waits. */
typedef void call_handler_fn(const struct call *call);

#endif
