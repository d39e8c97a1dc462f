/* SPDX-License-Identifier: MIT
 *
 * A connection to a server of this machine.
 */
#ifndef TESTS_BENCH_DIAL_H
#define TESTS_BENCH_DIAL_H

#include "common/config/address.h"

/* A connected socket, which the caller closes. Waits until it is connected;
 * ends the program when it can't be. The kernel has 28,000 ports for each
 * address that one can come from, and finds the first half of them at once:
 * who needs many tells host 0, 1, …, and comes from 127.0.0.1, 127.0.0.2, …
 * (not to a Unix socket). */
int dial(const struct address *address, unsigned host);

#endif
