/* SPDX-License-Identifier: MIT
 *
 * One HTTP request as plain data, taken out of FastCGI.
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
	REQUEST_BODY_TOO_LARGE, /* it, or what came, is above the cap */
	REQUEST_BODY_BAD,       /* no number, or not as many bytes as it says */
};

/* Spans point into the FastCGI request and are gone with it; one that is not
 * given is absent, or empty where the web server sends it so. body is the
 * owner's, who keeps the struct from request to request for its room. */
struct request {
	enum request_method method;
	struct span method_name; /* as it was sent */
	struct span path, query;
	struct span target; /* both, as they were sent */
	struct span content_type;
	struct span idempotency_key, if_none_match, grant;
	struct span request_id;  /* the web server's */
	struct span remote_user; /* whom the web server knows it is from */
	struct cors_request cors;
	enum request_body body_state;
	struct buf body;
};

/* Fills *request, which is all zero the first time, from an accepted request,
 * all but the body. */
void request_read(struct request *request, const struct FCGX_Request *fcgx);

/* Reads the body, up to max bytes. */
void request_read_body(struct request *request, const struct FCGX_Request *fcgx,
		       size_t max);

void request_release(struct request *request);

#endif
