/* SPDX-License-Identifier: MIT
 *
 * Pipelined requests on one connection. Of the answers only errors matter.
 */
#include "tests/bench/publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "relay/list.h"
#include "tests/bench/dial.h"

struct publisher {
	struct loop *loop;
	struct loop_watch watch;
	int fd;
	bool by_http;
	struct buf out;
};

static bool has(struct span answers, const char *s)
{
	return memmem(answers.ptr, answers.len, s, strlen(s)) != NULL;
}

/* Answers arrive in arbitrary pieces. Redis answers with numbers; only an error
 * contains a '-'. */
static bool has_refusal(const struct publisher *publisher, struct span answers)
{
	return publisher->by_http ? has(answers, "HTTP/1.1 4") ||
					    has(answers, "HTTP/1.1 5")
				  : has(answers, "-");
}

static void on_answer(struct loop_watch *watch, unsigned events)
{
	struct publisher *publisher =
		container_of(watch, struct publisher, watch);
	char answers[65536];
	ssize_t len;

	(void)events;
	len = recv(watch->fd, answers, sizeof(answers), MSG_DONTWAIT);
	if (len == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0)
		fatalx("what we publish to has closed the connection");
	if (has_refusal(publisher, span_of(answers, (size_t)len)))
		fatalx("publishing is refused: %.*s", (int)len, answers);
}

struct publisher *publisher_new(struct loop *loop,
				const struct address *address, bool by_http)
{
	struct publisher *publisher = xcalloc(1, sizeof(*publisher));

	publisher->loop = loop;
	publisher->by_http = by_http;
	publisher->fd = dial(address, 0);
	loop_add(loop, &publisher->watch, publisher->fd, LOOP_READ, on_answer);
	return publisher;
}

void publisher_free(struct publisher *publisher)
{
	loop_remove(publisher->loop, &publisher->watch);
	close(publisher->fd);
	buf_release(&publisher->out);
	free(publisher);
}

void publisher_add(struct publisher *publisher, struct span name,
		   struct span message)
{
	struct buf *out = &publisher->out;

	if (publisher->by_http)
		buf_addf(out,
			 "POST %.*s HTTP/1.1\r\nHost: localhost\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 (int)name.len, name.ptr, message.len);
	else
		buf_addf(out, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%.*s\r\n$%zu\r\n",
			 name.len, (int)name.len, name.ptr, message.len);
	buf_add_span(out, message);
	if (!publisher->by_http)
		buf_add_str(out, "\r\n");
}

/* May block: neither Redis nor nginx waits for us meanwhile. */
void publisher_flush(struct publisher *publisher)
{
	struct buf *out = &publisher->out;
	size_t at = 0;

	while (at < out->len) {
		ssize_t sent = send(publisher->fd, out->data + at,
				    out->len - at, MSG_NOSIGNAL);

		if (sent == -1 && errno != EINTR)
			fatal("cannot publish");
		at += sent > 0 ? (size_t)sent : 0;
	}
	buf_clear(out);
}
