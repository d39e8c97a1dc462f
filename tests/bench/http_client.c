/* SPDX-License-Identifier: MIT
 *
 * The part of HTTP/1.1 that answers need: Content-Length and chunks.
 */
#include "tests/bench/http_client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "relay/list.h"
#include "tests/bench/dial.h"
#include "tests/bench/stamp.h"

#define READ_BYTES 65536

static void on_readable(struct loop_watch *watch, unsigned events);

static void connect_anew(struct http_client *client)
{
	const struct linger reset = { .l_onoff = 1 };
	int fd = dial(client->server, client->host);

	/* close with a reset, so that the next run can use the port */
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == -1)
		fatal("cannot set up a socket");
	loop_add(client->loop, &client->watch, fd, LOOP_READ, on_readable);
}

static void disconnect(struct http_client *client)
{
	int fd = client->watch.fd;

	loop_remove(client->loop, &client->watch);
	close(fd);
}

static struct span rest_of(const struct http_client *client)
{
	return span_of(client->in.data + client->at,
		       client->in.len - client->at);
}

/* The value of a header; absent if the head has no such header. */
static struct span header(struct span head, const char *name)
{
	char line[64] = "\r\n";
	const char *found;

	strncat(line, name, sizeof(line) - 4);
	for (found = head.ptr; found + strlen(line) < head.ptr + head.len;
	     found++)
		if (strncasecmp(found, line, strlen(line)) == 0)
			return span_of(found + strlen(line),
				       (size_t)(head.ptr + head.len - found) -
					       strlen(line));
	return span_of(NULL, 0);
}

/* Returns false while the head is incomplete. */
static bool take_head(struct http_client *client)
{
	struct span rest = rest_of(client), length;
	const char *end =
		rest.len ? memmem(rest.ptr, rest.len, "\r\n\r\n", 4) : NULL;

	if (end == NULL)
		return false;
	rest.len = (size_t)(end - rest.ptr) + 4;
	if (!span_starts(rest, "HTTP/1.1 "))
		fatalx("the server answers '%.*s'", (int)rest.len, rest.ptr);
	client->status = atoi(rest.ptr + strlen("HTTP/1.1 "));
	length = header(rest, "Content-Length: ");
	client->is_chunked =
		header(rest, "Transfer-Encoding: chunked").ptr != NULL;
	client->left = length.ptr != NULL ? atoll(length.ptr) : 0;
	client->has_head = true;
	client->at += rest.len;
	return true;
}

static void take_bytes(struct http_client *client)
{
	struct span rest = rest_of(client);
	size_t len = rest.len < (size_t)client->left ? rest.len
						     : (size_t)client->left;

	buf_add(&client->body, rest.ptr, len);
	client->at += len;
	client->left -= (int64_t)len;
}

/* Returns true after the last chunk. A chunk is counted with the line break
 * after it, which is then removed from the body. */
static bool take_chunks(struct http_client *client)
{
	for (;;) {
		struct span rest;
		const char *end;
		bool is_last;

		if (client->left > 0) {
			take_bytes(client);
			if (client->left > 0)
				return false;
			client->body.len -= 2;
		}
		rest = rest_of(client);
		end = rest.len ? memmem(rest.ptr, rest.len, "\r\n", 2) : NULL;
		if (end == NULL)
			return false;
		client->left = strtoll(rest.ptr, NULL, 16);
		is_last = client->left == 0;
		/* the servers send no trailers */
		if (is_last && rest.len < (size_t)(end - rest.ptr) + 4)
			return false;
		client->at += (size_t)(end - rest.ptr) + (is_last ? 4 : 2);
		if (is_last)
			return true;
		client->left += 2;
	}
}

static bool take_body(struct http_client *client)
{
	if (client->is_chunked)
		return take_chunks(client);
	take_bytes(client);
	return client->left == 0;
}

static void forget(struct http_client *client)
{
	buf_clear(&client->in);
	client->at = 0;
	client->has_head = false;
	client->is_waiting = false;
}

static void on_end(struct http_client *client)
{
	bool was_waiting = client->is_waiting;

	disconnect(client);
	forget(client);
	connect_anew(client);
	if (was_waiting)
		client->on_answer(client, 0, span_of(NULL, 0));
}

static void take(struct http_client *client)
{
	if ((!client->has_head && !take_head(client)) || !take_body(client)) {
		buf_drop(&client->in, client->at);
		client->at = 0;
		return;
	}
	if (client->at != client->in.len)
		fatalx("the server says more than it was asked");
	forget(client);
	/* the callback may send; the answer is read in a later turn */
	client->on_answer(client, client->status, buf_span(&client->body));
	buf_clear(&client->body);
}

static void on_readable(struct loop_watch *watch, unsigned events)
{
	struct http_client *client =
		container_of(watch, struct http_client, watch);
	char *room = buf_reserve(&client->in, READ_BYTES);
	ssize_t len = recv(watch->fd, room, READ_BYTES, MSG_DONTWAIT);

	(void)events;
	if (len == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		on_end(client);
		return;
	}
	if (!client->is_waiting)
		fatalx("the server says what it was not asked");
	if (client->first_ns == 0)
		client->first_ns = stamp_now();
	client->in.len += (size_t)len;
	take(client);
}

void http_client_open(struct http_client *client, struct loop *loop,
		      const struct address *server, unsigned host,
		      http_client_fn *on_answer)
{
	client->loop = loop;
	client->server = server;
	client->host = host;
	client->on_answer = on_answer;
	connect_anew(client);
}

void http_client_close(struct http_client *client)
{
	disconnect(client);
	buf_release(&client->in);
	buf_release(&client->body);
}

void http_client_send(struct http_client *client, struct span request)
{
	client->is_waiting = true;
	client->sent_ns = stamp_now();
	client->first_ns = 0;
	/* fits: a request is small, and the socket has sent all before it */
	if (send(client->watch.fd, request.ptr, request.len, MSG_NOSIGNAL) !=
	    (ssize_t)request.len)
		log_warn("cannot send to the server");
}
