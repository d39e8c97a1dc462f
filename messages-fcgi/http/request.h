/* SPDX-License-Identifier: MIT
 *
 * One HTTP request as plain data, read from FastCGI.
 */
#ifndef MESSAGES_FCGI_HTTP_REQUEST_H
#define MESSAGES_FCGI_HTTP_REQUEST_H

#include "common/base/buf.h"
#include "messages-fcgi/http/cors.h"

struct FCGX_Request;

enum request_method {
	REQUEST_OTHER = 0,
	REQUEST_GET,
	REQUEST_HEAD,
	REQUEST_POST,
	REQUEST_OPTIONS,
};

enum request_body {
	REQUEST_BODY_OK = 0,
	REQUEST_BODY_NO_LENGTH, /* no Content-Length; nothing was read */
	REQUEST_BODY_TOO_LARGE, /* Content-Length or the body is above max */
	REQUEST_BODY_BAD,       /* Content-Length is malformed or wrong */
};

/* Spans point into the FastCGI request and end with it. A missing header is
 * absent, or empty if the web server sends it empty. The struct owns body, and
 * is reused for the next request to keep its memory. */
struct request {
	enum request_method method;
	struct span method_name; /* as it was sent */
	struct span path, query;
	struct span target; /* both, as they were sent */
	struct span content_type;
	struct span idempotency_key, if_none_match, grant;
	struct span request_id;  /* the web server's */
	struct span remote_user; /* the user, authenticated by the web server */
	struct cors_request cors;
	enum request_body body_state;
	struct buf body;
};

/* Fills *request, except for the body. It is all zero before its first use. */
void request_read(struct request *request, const struct FCGX_Request *fcgx);

/* Reads the body, up to max bytes. */
void request_read_body(struct request *request, const struct FCGX_Request *fcgx,
		       size_t max);

void request_release(struct request *request);

#endif
