/* SPDX-License-Identifier: MIT
 *
 * One kept connection to a web server: a request, its whole answer, the next.
 */
#ifndef TESTS_BENCH_HTTP_CLIENT_H
#define TESTS_BENCH_HTTP_CLIENT_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct http_client;

/* An answer that is complete; body is lent for the call, in which the next
 * request may be sent. status 0: the connection ended before. */
typedef void http_client_fn(struct http_client *client, int status,
			    struct span body);

/* Embedded in its owner, all zeros at first. */
struct http_client {
	struct loop *loop;
	struct loop_watch watch;
	const struct address *server;
	http_client_fn *on_answer;
	unsigned host; /* for dial */
	bool is_waiting;
	uint64_t sent_ns, first_ns; /* the request; the answer's first bytes */
	struct buf in, body;
	size_t at; /* so much of in is parsed */
	int status;
	int64_t left; /* bytes of the body, or of the chunk */
	bool is_chunked, has_head;
};

/* Connects. The loop, the server and the callback are borrowed. */
void http_client_open(struct http_client *client, struct loop *loop,
		      const struct address *server, unsigned host,
		      http_client_fn *on_answer);
void http_client_close(struct http_client *client);

/* Sends a whole request; nothing may be waited for. */
void http_client_send(struct http_client *client, struct span request);

#endif
