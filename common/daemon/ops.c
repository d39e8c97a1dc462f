/* SPDX-License-Identifier: MIT
 *
 * Parses the request and writes the response.
 */
#include "common/daemon/ops.h"

#include "common/base/http_head.h"

/* Prometheus' text format; the charset is part of it. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PLAIN_TYPE "text/plain; charset=utf-8"

struct answer {
	int status;
	const char *type;
	struct buf text;
};

static void answer_health(struct answer *answer, const struct ops_handler *ops,
			  enum ops_health (*health)(void *ctx, struct buf *why))
{
	static const char *const words[] = {
		[OPS_GOOD] = "ok",
		[OPS_DEGRADED] = "degraded",
		[OPS_BAD] = "failing",
	};
	struct buf why = BUF_INIT;
	enum ops_health found = health(ops->ctx, &why);

	answer->status = found == OPS_BAD ? 503 : 200;
	buf_add_str(&answer->text, words[found]);
	if (why.len > 0)
		buf_add_str(&answer->text, ": ");
	buf_add_span(&answer->text, buf_span(&why));
	buf_add_char(&answer->text, '\n');
	buf_release(&why);
}

static struct span path_of(struct span target)
{
	const char *query = memchr(target.ptr, '?', target.len);

	if (query != NULL)
		target.len = (size_t)(query - target.ptr);
	return target;
}

static void answer_path(const struct ops_handler *handler,
			const struct http_head *head, struct answer *answer)
{
	struct span path = path_of(head->target);

	if (!span_is(head->method, "GET") && !span_is(head->method, "HEAD")) {
		answer->status = 405;
	} else if (span_is(path, "/metrics")) {
		answer->status = 200;
		answer->type = METRICS_TYPE;
		handler->metrics(handler->ctx, &answer->text);
	} else if (span_is(path, "/healthz")) {
		answer_health(answer, handler, handler->alive);
	} else if (span_is(path, "/readyz")) {
		answer_health(answer, handler, handler->ready);
	} else {
		answer->status = 404;
	}
}

/* 0, or a result of http_head_line. The fields are checked and ignored. */
static int parse_ops_request(struct span in, struct http_head *head)
{
	struct span name, value;
	int status = http_head_line(&in, head);

	do
		if (status == 0)
			status = http_head_field(&in, &name, &value);
	while (status == 0 && name.ptr != NULL);
	return status;
}

static void add_answer(struct buf *out, const struct answer *answer,
		       bool is_head)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", answer->status,
		 http_head_reason(answer->status));
	if (answer->status == 405)
		buf_add_str(out, "Allow: GET, HEAD\r\n");
	buf_addf(out,
		 "Content-Type: %s\r\n"
		 "Content-Length: %zu\r\n"
		 "Cache-Control: no-store\r\n"
		 "Connection: close\r\n\r\n",
		 answer->type, answer->text.len);
	if (!is_head)
		buf_add_span(out, buf_span(&answer->text));
}

int ops_answer(const struct ops_handler *handler, struct span in,
	       struct buf *out)
{
	struct answer answer = { .type = PLAIN_TYPE, .text = BUF_INIT };
	struct http_head head = { .is_1_0 = false };
	struct span start = in;
	int status = -1;

	if (start.len > OPS_REQUEST_MAX_BYTES)
		start.len = OPS_REQUEST_MAX_BYTES;
	if (start.len > 0)
		status = parse_ops_request(start, &head);
	if (status == -1 && in.len < OPS_REQUEST_MAX_BYTES)
		return -1;
	if (status == 0)
		answer_path(handler, &head, &answer);
	else
		answer.status = status == -1 ? 431 : status;
	if (answer.text.len == 0)
		buf_addf(&answer.text, "%s\n", http_head_reason(answer.status));
	add_answer(out, &answer, span_is(head.method, "HEAD"));
	buf_release(&answer.text);
	return 0;
}
