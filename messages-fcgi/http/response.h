/* SPDX-License-Identifier: MIT
 *
 * One HTTP response, written to FastCGI. The caller chooses status and headers;
 * this room adds those that every response has.
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
	const char *challenge; /* of a 401: WWW-Authenticate */
};

/* Borrows the first three. */
struct response {
	struct FCGX_Request *fcgx;
	const atomic_bool *is_giving_up; /* the program ends: break streams */
	int status;                      /* that was sent, 0 before */
	struct span reader;              /* of cors_reader; or absent */
	bool is_for_pages;               /* the answer depends on the origin */
	bool is_head; /* the request was HEAD: the body is not sent */
	bool has_begun;
	bool is_broken; /* the web server is gone, or the response failed:
			 * nothing more is sent */
};

void response_init(struct response *response, struct FCGX_Request *fcgx,
		   const atomic_bool *is_giving_up, bool is_head);

/* The whole response at once; response_json is a 200 that is not kept. */
void response_send(struct response *response, const struct response_head *head,
		   struct span body);
void response_json(struct response *response, struct span body);
void response_problem(struct response *response, const struct problem *problem);
void response_fault(struct response *response, const struct api_error *error);

/* A body of unknown length: begin, then any number of writes. -1 if the
 * client is gone, or the response was broken off because the program ends. */
void response_begin(struct response *response,
		    const struct response_head *head);
int response_write(struct response *response, struct span bytes) MUST_CHECK;

/* Breaks off a begun response: the client sees a broken connection instead of a
 * short body. */
void response_abort(struct response *response);

/* Ends the response and the FastCGI request. The request's spans are gone, and
 * so is its connection, unless it is kept for another request. */
void response_end(struct response *response);

#endif
