/* SPDX-License-Identifier: MIT
 *
 * Posts forms over kept connections, one at a time on each. A form that finds
 * no free connection waits in a queue: the server does not determine the rate.
 */
#ifndef TESTS_BENCH_POSTER_H
#define TESTS_BENCH_POSTER_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct poster;

/* Borrows address. Ends the program if it cannot connect. */
struct poster *poster_new(struct loop *loop, const struct address *address,
			  int64_t connections);
void poster_free(struct poster *poster);

/* form is urlencoded. */
void poster_add(struct poster *poster, struct span path, struct span form);

/* The number of posts without an answer, and of answers other than 200. */
uint64_t poster_waiting(const struct poster *poster);
uint64_t poster_failed(const struct poster *poster);

#endif
