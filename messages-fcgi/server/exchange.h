/* SPDX-License-Identifier: MIT
 *
 * One request and its answer. While it waits for its posts to be committed it
 * holds no thread.
 */
#ifndef MESSAGES_FCGI_SERVER_EXCHANGE_H
#define MESSAGES_FCGI_SERVER_EXCHANGE_H

#include <fcgiapp.h>

#include "messages-fcgi/api/route.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"

struct visitor;

/* A connection's, for one request after the other. */
struct exchange {
	struct visitor *visitor; /* whose it is */
	FCGX_Request fcgx;
	struct request request;
	struct response response;
	enum stats_route counted;
	int64_t started_us;
};

void exchange_init(struct exchange *exchange, struct visitor *visitor);
void exchange_release(struct exchange *exchange);

/* Answers the request that was taken into fcgx. False: it waits for an order,
 * and goes on by another call once that is answered, which others may see
 * before this returns. */
bool exchange_answer(struct exchange *exchange,
		     const struct route_context *routes,
		     const atomic_bool *is_giving_up) MUST_CHECK;

#endif
