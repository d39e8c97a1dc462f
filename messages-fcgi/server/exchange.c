/* SPDX-License-Identifier: MIT
 *
 * What happens to a request between its two ends. Knows no route and no
 * connection.
 *
 *     begun [-> its order is with a committer -> goes on] -> ended
 */
#include "messages-fcgi/server/exchange.h"

#include "common/base/clock.h"
#include "messages-fcgi/log/committer.h"

#define NO_FD (-1) /* libfcgi accepts nothing by itself */
/* Room for a larger body is not kept for the next. */
#define KEEP_BYTES 4096

void exchange_init(struct exchange *exchange, struct visitor *visitor)
{
	*exchange = (struct exchange){ .visitor = visitor };
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
	stats_request(exchange->counted, response->status,
		      clock_us() - exchange->started_us);
}

static void begin(struct exchange *exchange, const struct route_context *routes,
		  const atomic_bool *is_giving_up)
{
	struct request *request = &exchange->request;

	exchange->started_us = clock_us();
	metric_add(&stats()->in_flight, 1);
	request_read(request, &exchange->fcgx);
	request_read_body(request, &exchange->fcgx,
			  route_body_max(routes, request->path));
	response_init(&exchange->response, &exchange->fcgx, is_giving_up,
		      request->method == REQUEST_HEAD);
	exchange->counted = route_answer(routes, request, &exchange->response);
}

static void go_on(struct response *response)
{
	struct order *order = response->order;

	response->order = NULL;
	order->answer(order->ctx, response);
}

bool exchange_answer(struct exchange *exchange,
		     const struct route_context *routes,
		     const atomic_bool *is_giving_up)
{
	struct response *response = &exchange->response;

	if (response->order == NULL)
		begin(exchange, routes, is_giving_up);
	else
		go_on(response);
	if (response->order == NULL) {
		end(exchange);
		return true;
	}
	/* after this nothing of the exchange is ours */
	response->order->exchange = exchange;
	committer_post(response->order);
	return false;
}
