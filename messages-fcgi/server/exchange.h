/* SPDX-License-Identifier: MIT
 *
 * One request and its answer. While it waits for its posts to be committed it
 * holds no thread.
 */
#ifndef MESSAGES_FCGI_SERVER_EXCHANGE_H
#define MESSAGES_FCGI_SERVER_EXCHANGE_H

#include <fcgiapp.h>

#include "messages-fcgi/api/call.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"

/* A connection embeds it, and uses it for one request after the other. */
struct exchange {
	FCGX_Request fcgx;
	struct request request;
	struct response response;
	struct deferred_answer deferred;
	size_t route; /* for stats_request */
	int64_t started_us;
};

void exchange_init(struct exchange *exchange);
void exchange_release(struct exchange *exchange);

/* Answers the request that fcgx holds. True: it has ended. False: a committer
 * has its posts. When the committer gives them back, which may be before this
 * returns, the next call sends the answer. */
bool exchange_answer(struct exchange *exchange,
		     const struct call_context *context,
		     const atomic_bool *is_giving_up) MUST_CHECK;

/* The exchange that waits for the submission. */
struct exchange *exchange_of(struct submission *submission);

#endif
