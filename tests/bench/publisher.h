/* SPDX-License-Identifier: MIT
 *
 * Publishes messages through the server's backend: with PUBLISH of Redis, or
 * with a POST for a server without Redis.
 */
#ifndef TESTS_BENCH_PUBLISHER_H
#define TESTS_BENCH_PUBLISHER_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct publisher;

/* by_http: names are paths, and address is that of a web server. Ends the
 * program if it cannot connect. */
struct publisher *publisher_new(struct loop *loop,
				const struct address *address, bool by_http);
void publisher_free(struct publisher *publisher);

/* Queues a message for publisher_flush. */
void publisher_add(struct publisher *publisher, struct span name,
		   struct span message);

/* Sends the queued messages. Ends the program if the connection is broken. */
void publisher_flush(struct publisher *publisher);

#endif
