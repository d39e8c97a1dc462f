/* SPDX-License-Identifier: MIT
 *
 * From status, headers and body to FastCGI. Knows no route and no resource.
 */
#include "messages-fcgi/http/response.h"

#include <fcgiapp.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "messages-fcgi/leader.h"

#define RETRY_AFTER "1"

/* RFC 9110 § 11.6.1 wants a 401 to name a scheme, and some HTTP libraries do,
 * too. Browsers do not know these two names, so they do not ask the user for a
 * password. */
#define CHALLENGE_SIGNATURE "Pusher"
#define CHALLENGE_GRANT "Pushlog-Grant"

/* The headers that a page of a listed origin may send, and for how long a
 * browser may remember this: the maximum of all browsers. */
#define CORS_HEADERS "Content-Type, Idempotency-Key, Pushlog-Grant"
#define CORS_MAX_AGE_S "7200"

/* The socket of a waiting web server accepts this much at once. */
#define AT_ONCE_BYTES 65536
/* A writable socket accepts this much without waiting. */
#define SLICE_BYTES 8192
/* The longest delay to notice a stop, and the timeout of a web server that
 * reads nothing. */
#define LOOK_UP_MS 200
#define WRITE_TIMEOUT_MS 60000
/* The unread rest of a request is read after the answer, up to this much, which
 * is more than nginx passes. */
#define UNREAD_MAX 4194304

void response_init(struct response *response, struct FCGX_Request *fcgx,
		   const atomic_bool *is_giving_up, bool is_head)
{
	*response = (struct response){ .fcgx = fcgx,
				       .is_giving_up = is_giving_up,
				       .is_head = is_head };
}

static void add_header(struct buf *buf, const char *name, struct span value)
{
	if (value.ptr == NULL)
		return;
	buf_add_str(buf, name);
	buf_add_str(buf, ": ");
	buf_add_span(buf, value);
	buf_add_str(buf, "\r\n");
}

/* CORS: the origin that may read the answer, and the headers that it may send.
 */
static void add_cors(struct buf *buf, const struct response *response,
		     const struct response_head *head)
{
	if (response->is_for_pages)
		add_header(buf, "Vary", span_str("Origin"));
	add_header(buf, "Access-Control-Allow-Origin", response->reader);
	if (response->reader.ptr == NULL || head->status != 204)
		return;
	add_header(buf, "Access-Control-Allow-Methods", span_str(head->allow));
	add_header(buf, "Access-Control-Allow-Headers", span_str(CORS_HEADERS));
	add_header(buf, "Access-Control-Max-Age", span_str(CORS_MAX_AGE_S));
}

static void add_head(struct buf *buf, const struct response *response,
		     const struct response_head *head)
{
	buf_add_str(buf, "Status: ");
	buf_add_int(buf, head->status);
	buf_add_char(buf, ' ');
	buf_add_str(buf, problem_title(head->status));
	buf_add_str(buf, "\r\n");
	add_header(buf, "Content-Type", span_str(head->type));
	add_header(buf, "Cache-Control", span_str(head->cache));
	add_header(buf, "ETag", head->etag);
	add_header(buf, "Allow", span_str(head->allow));
	if (head->status == 401)
		add_header(buf, "WWW-Authenticate", span_str(head->challenge));
	if (head->status == 503)
		add_header(buf, "Retry-After", span_str(RETRY_AFTER));
	/* a browser must not guess another type */
	add_header(buf, "X-Content-Type-Options", span_str("nosniff"));
	add_cors(buf, response, head);
}

static void put(struct response *response, struct span bytes)
{
	while (bytes.len > 0 && !response->is_broken) {
		int len = bytes.len < INT_MAX ? (int)bytes.len : INT_MAX;

		if (FCGX_PutStr(bytes.ptr, len, response->fcgx->out) != len)
			response->is_broken = true;
		bytes.ptr += len;
		bytes.len -= (size_t)len;
	}
}

void response_send(struct response *response, const struct response_head *head,
		   struct span body)
{
	struct buf buf = BUF_INIT;

	response->status = head->status;
	add_head(&buf, response, head);
	if (head->type != NULL) {
		buf_add_str(&buf, "Content-Length: ");
		buf_add_int(&buf, (int64_t)body.len);
		buf_add_str(&buf, "\r\n");
	}
	buf_add_str(&buf, "\r\n");
	response->has_begun = true;
	if (body.len > AT_ONCE_BYTES)
		leader_give_way();
	put(response, buf_span(&buf));
	if (!response->is_head)
		put(response, body);
	buf_release(&buf);
}

void response_json(struct response *response, struct span body)
{
	static const struct response_head head = { .status = 200,
						   .type = "application/json",
						   .cache = "no-store" };

	response_send(response, &head, body);
}

void response_fault(struct response *response, const struct api_error *error)
{
	const struct response_head head = {
		.status = error->status,
		.type = "text/plain; charset=utf-8",
		.cache = "no-store",
		.challenge = CHALLENGE_SIGNATURE,
	};
	struct buf body = BUF_INIT;

	buf_add_span(&body, buf_span(&error->text));
	buf_add_char(&body, '\n');
	response_send(response, &head, buf_span(&body));
	buf_release(&body);
}

void response_problem(struct response *response, const struct problem *problem)
{
	const struct response_head head = {
		.status = problem->status,
		.type = "application/problem+json",
		.cache = "no-store",
		.allow = problem->allow,
		.challenge = CHALLENGE_GRANT,
	};
	struct buf body = BUF_INIT;

	problem_encode(&body, problem);
	response_send(response, &head, buf_span(&body));
	buf_release(&body);
}

void response_begin(struct response *response, const struct response_head *head)
{
	struct buf buf = BUF_INIT;

	response->status = head->status;
	add_head(&buf, response, head);
	buf_add_str(&buf, "\r\n");
	response->has_begun = true;
	put(response, buf_span(&buf));
	/* a begun response can be broken off: nginx answers 502 instead if
	 * it has not seen the head by then */
	if (!response->is_broken && FCGX_FFlush(response->fcgx->out) == -1)
		response->is_broken = true;
	buf_release(&buf);
}

/* Waits until the web server takes more; false if it does not, or at a stop. */
static bool can_write(const struct response *response)
{
	struct pollfd fd = { .fd = response->fcgx->ipcFd, .events = POLLOUT };
	int looks = WRITE_TIMEOUT_MS / LOOK_UP_MS;

	leader_give_way();
	while (!atomic_load(response->is_giving_up) && looks-- > 0)
		if (poll(&fd, 1, LOOK_UP_MS) == 1)
			return true;
	return false;
}

int response_write(struct response *response, struct span bytes)
{
	while (bytes.len > 0 && !response->is_head && !response->is_broken) {
		size_t len = bytes.len < SLICE_BYTES ? bytes.len : SLICE_BYTES;

		if (can_write(response))
			put(response, span_of(bytes.ptr, len));
		else
			response_abort(response);
		bytes.ptr += len;
		bytes.len -= len;
	}
	return response->is_broken ? -1 : 0;
}

void response_abort(struct response *response)
{
	/* nginx takes a connection that just ends for the end of the body, and
	 * completes its own answer. A record of a version that does not exist
	 * it takes for what it is meant to be, and breaks its client's
	 * connection. libfcgi writes whole records, so one can start here. */
	static const char no_record[8] = { 0 };

	if (!response->is_broken && send(response->fcgx->ipcFd, no_record,
					 sizeof(no_record), MSG_DONTWAIT) == -1)
		log_debug("the web server disconnected");
	response->is_broken = true;
}

/* Reads the rest of the request, so that the next one can follow. False if its
 * end is unknown. */
static bool read_to_end(const struct response *response)
{
	FCGX_Stream *in = response->fcgx->in;
	char trash[4096];
	size_t left = UNREAD_MAX / sizeof(trash);

	if (FCGX_GetChar(in) == EOF)
		return FCGX_GetError(in) == 0;
	/* a web server that is still writing may read first */
	if (FCGX_FFlush(response->fcgx->out) == -1)
		return false;
	while (left-- > 0)
		if (FCGX_GetStr(trash, sizeof(trash), in) < (int)sizeof(trash))
			return FCGX_GetError(in) == 0;
	return false;
}

void response_end(struct response *response)
{
	if (response->is_broken || !read_to_end(response))
		response->fcgx->keepConnection = 0;
	if (response->is_broken)
		FCGX_Free(response->fcgx, 1);
	else
		FCGX_Finish_r(response->fcgx);
}
