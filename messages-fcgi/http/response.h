/* SPDX-License-Identifier: MIT
 *
 * One HTTP response, put into FastCGI. Chooses nothing: status and headers are
 * the caller's, but for what every response of ours has.
 */
#ifndef MESSAGES_FCGI_HTTP_RESPONSE_H
#define MESSAGES_FCGI_HTTP_RESPONSE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "messages-fcgi/http/api_error.h"
#include "messages-fcgi/http/problem.h"

struct FCGX_Request;

struct response_head {
	int status;
	const char *type;      /* Content-Type, NULL: there is no body */
	const char *cache;     /* Cache-Control */
	struct span etag;      /* with its quotes; absent: none */
	const char *allow;     /* NULL: none */
	const char *challenge; /* of a 401: what it wants to see */
};

/* Borrows the first three. */
struct response {
	struct FCGX_Request *fcgx;
	const atomic_bool *is_giving_up; /* the program ends: break streams */
	int status;                      /* that was sent, 0 before */
	struct span reader; /* for cors_reader: set by who knows; or absent */
	bool is_for_pages;  /* whose origin makes a difference */
	bool is_head;       /* the request was HEAD: the body is not sent */
	bool has_begun;
	bool is_broken; /* the web server is gone, or shall be told of a
			 * failure: nothing more is sent */
};

void response_init(struct response *response, struct FCGX_Request *fcgx,
		   const atomic_bool *is_giving_up, bool is_head);

/* The whole response at once; response_json is a 200 that is not kept. */
void response_send(struct response *response, const struct response_head *head,
		   struct span body);
void response_json(struct response *response, struct span body);
void response_problem(struct response *response, const struct problem *problem);
void response_fault(struct response *response, const struct api_error *error);

/* A body of unknown length: first begin, then write as often as needed. -1
 * when nobody reads it any more, or when it was broken off because the program
 * ends. */
void response_begin(struct response *response,
		    const struct response_head *head);
int response_write(struct response *response, struct span bytes) MUST_CHECK;

/* What was begun can't be completed: the client shall see a broken connection
 * and not a short body. */
void response_abort(struct response *response);

/* Ends the response and the FastCGI request. The request's spans are gone, and
 * so is its connection, unless it is good for another. */
void response_end(struct response *response);

#endif
