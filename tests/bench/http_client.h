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

/* Called for a complete answer; may send the next request. body is valid during
 * the call. status 0: the connection ended before the answer was complete. */
typedef void http_client_fn(struct http_client *client, int status,
			    struct span body);

/* Embedded in its owner. Starts as all zeros. */
struct http_client {
	struct loop *loop;
	struct loop_watch watch;
	const struct address *server;
	http_client_fn *on_answer;
	unsigned host; /* for dial */
	bool is_waiting;
	uint64_t sent_ns,
		first_ns; /* when the request left; when the answer began */
	struct buf in, body;
	size_t at; /* bytes of in that are parsed */
	int status;
	int64_t left; /* bytes to come of the body, or of the chunk */
	bool is_chunked, has_head;
};

/* Connects. Borrows the loop, the server and the callback. */
void http_client_open(struct http_client *client, struct loop *loop,
		      const struct address *server, unsigned host,
		      http_client_fn *on_answer);
void http_client_close(struct http_client *client);

/* Sends a complete request. No answer may be outstanding. */
void http_client_send(struct http_client *client, struct span request);

#endif
