/* SPDX-License-Identifier: MIT
 *
 * Posts forms over kept connections, each of which waits for its answer. Who
 * finds none free waits in line: how many are posted is not the server's to
 * say.
 */
#ifndef TESTS_BENCH_POSTER_H
#define TESTS_BENCH_POSTER_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"

struct poster;

/* Ends the program when it can't connect. address is borrowed. */
struct poster *poster_new(struct loop *loop, const struct address *address,
			  int64_t connections);
void poster_free(struct poster *poster);

/* form is urlencoded already. */
void poster_add(struct poster *poster, struct span path, struct span form);

/* So many are not answered yet, and so many were not by 200. */
uint64_t poster_waiting(const struct poster *poster);
uint64_t poster_failed(const struct poster *poster);

#endif
