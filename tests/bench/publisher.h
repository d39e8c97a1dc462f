/* SPDX-License-Identifier: MIT
 *
 * Puts messages in at the server's other end: by Redis' PUBLISH, or by a POST
 * for a server that has no other way in.
 */
#ifndef TESTS_BENCH_PUBLISHER_H
#define TESTS_BENCH_PUBLISHER_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct publisher;

/* by_http: names are paths, and address a web server's. Ends the program when
 * it can't connect. */
struct publisher *publisher_new(struct loop *loop,
				const struct address *address, bool by_http);
void publisher_free(struct publisher *publisher);

/* Adds a message to those that publisher_flush sends. */
void publisher_add(struct publisher *publisher, struct span name,
		   struct span message);

/* Ends the program when what it sends to is gone. */
void publisher_flush(struct publisher *publisher);

#endif
