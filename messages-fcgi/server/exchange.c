/* SPDX-License-Identifier: MIT
 *
 * The life of a request from its first byte to its answer. Knows no route and
 * no connection.
 *
 *     begun [-> its posts are with a committer -> resumed] -> ended
 */
#include "messages-fcgi/server/exchange.h"

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "messages-fcgi/api/route.h"
#include "messages-fcgi/log/committer.h"
#include "messages-fcgi/stats.h"

#define NO_FD (-1) /* libfcgi accepts nothing by itself */
/* The memory of a larger body is not kept for the next request. */
#define KEEP_BYTES 4096

void exchange_init(struct exchange *exchange)
{
	*exchange = (struct exchange){ .started_us = 0 };
	FCGX_InitRequest(&exchange->fcgx, NO_FD, FCGI_FAIL_ACCEPT_ON_INTR);
}

void exchange_release(struct exchange *exchange)
{
	request_release(&exchange->request);
}

static void end(struct exchange *exchange)
{
	const struct response *response = &exchange->response;

	response_end(&exchange->response);
	if (exchange->request.body.cap > KEEP_BYTES)
		request_release(&exchange->request);
	metric_add(&stats()->broken, response->is_broken);
	metric_add(&stats()->in_flight, -1);
	stats_request(exchange->route, response->status,
		      clock_us() - exchange->started_us);
}

static void begin(struct exchange *exchange, const struct call_context *context,
		  const atomic_bool *is_giving_up)
{
	struct request *request = &exchange->request;

	exchange->started_us = clock_us();
	metric_add(&stats()->in_flight, 1);
	request_read(request, &exchange->fcgx);
	request_read_body(request, &exchange->fcgx,
			  route_body_max(context, request->path));
	response_init(&exchange->response, &exchange->fcgx, is_giving_up,
		      request->method == REQUEST_HEAD);
	exchange->route = route_answer(context, request, &exchange->response,
				       &exchange->deferred);
}

static void resume(struct exchange *exchange)
{
	deferred_answer_fn *answer = exchange->deferred.answer;

	exchange->deferred.answer = NULL;
	answer(exchange->deferred.ctx, &exchange->response);
}

bool exchange_answer(struct exchange *exchange,
		     const struct call_context *context,
		     const atomic_bool *is_giving_up)
{
	struct deferred_answer *deferred = &exchange->deferred;

	if (deferred->answer == NULL)
		begin(exchange, context, is_giving_up);
	else
		resume(exchange);
	if (deferred->answer == NULL) {
		end(exchange);
		return true;
	}
	/* from here on another thread may resume and free the exchange */
	committer_post(deferred->committer, &deferred->submission);
	return false;
}

struct exchange *exchange_of(struct submission *submission)
{
	return container_of(submission, struct exchange, deferred.submission);
}
