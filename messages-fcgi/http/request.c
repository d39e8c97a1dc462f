/* SPDX-License-Identifier: MIT
 *
 * From FastCGI's parameters and input to a struct request. Knows no route and
 * judges nothing but whether the body is all there.
 */
#include "messages-fcgi/http/request.h"

#include <fcgiapp.h>
#include <stdio.h>

#include "common/base/text.h"

static struct span param(const struct FCGX_Request *fcgx, const char *name)
{
	return span_str(FCGX_GetParam(name, fcgx->envp));
}

static enum request_method parse_method(struct span s)
{
	static const struct {
		const char *name;
		enum request_method method;
	} methods[] = {
		{ "GET", REQUEST_GET },
		{ "HEAD", REQUEST_HEAD },
		{ "POST", REQUEST_POST },
		{ "OPTIONS", REQUEST_OPTIONS },
	};
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (span_is(s, methods[i].name))
			return methods[i].method;
	return REQUEST_OTHER;
}

/* The path that the web server has routed: decoded, without dot segments.
 * nginx calls it DOCUMENT_URI; CGI, and other servers, SCRIPT_NAME. */
static struct span find_path(const struct FCGX_Request *fcgx)
{
	struct span path = param(fcgx, "DOCUMENT_URI");

	return path.len > 0 ? path : param(fcgx, "SCRIPT_NAME");
}

/* Reads Content-Length bytes, and checks that the body ends there. */
static enum request_body read_bytes(struct buf *body, FCGX_Stream *in,
				    size_t length)
{
	/* one byte more: there is a pointer even to an empty body */
	char *room = buf_reserve(body, length + 1);
	int n = FCGX_GetStr(room, (int)length, in);

	if (n < 0 || (size_t)n != length || FCGX_GetChar(in) != EOF)
		return REQUEST_BODY_BAD;
	body->len = length;
	return REQUEST_BODY_OK;
}

static enum request_body
read_counted(struct buf *body, const struct FCGX_Request *fcgx, size_t max)
{
	struct span announced = param(fcgx, "CONTENT_LENGTH");
	int64_t length;

	buf_clear(body);
	if (announced.len == 0)
		return REQUEST_BODY_NO_LENGTH;
	if (text_parse_int(announced, &length) == -1 || length < 0)
		return REQUEST_BODY_BAD;
	if ((uint64_t)length > max)
		return REQUEST_BODY_TOO_LARGE;
	return read_bytes(body, fcgx->in, (size_t)length);
}

void request_read(struct request *request, const struct FCGX_Request *fcgx)
{
	request->method_name = param(fcgx, "REQUEST_METHOD");
	request->method = parse_method(request->method_name);
	request->path = find_path(fcgx);
	request->query = param(fcgx, "QUERY_STRING");
	request->target = param(fcgx, "REQUEST_URI");
	request->content_type = param(fcgx, "CONTENT_TYPE");
	request->idempotency_key = param(fcgx, "HTTP_IDEMPOTENCY_KEY");
	request->if_none_match = param(fcgx, "HTTP_IF_NONE_MATCH");
	request->grant = param(fcgx, "HTTP_PUSHLOG_GRANT");
	request->request_id = param(fcgx, "REQUEST_ID");
	request->remote_user = param(fcgx, "REMOTE_USER");
	request->cors.origin = param(fcgx, "HTTP_ORIGIN");
	request->cors.site = param(fcgx, "HTTP_SEC_FETCH_SITE");
}

void request_read_body(struct request *request, const struct FCGX_Request *fcgx,
		       size_t max)
{
	request->body_state = read_counted(&request->body, fcgx, max);
}

void request_release(struct request *request)
{
	buf_release(&request->body);
}
