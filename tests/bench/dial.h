/* SPDX-License-Identifier: MIT
 *
 * Connections to servers on this machine.
 */
#ifndef TESTS_BENCH_DIAL_H
#define TESTS_BENCH_DIAL_H

#include "common/config/address.h"

/* Returns a connected socket, which the caller closes. Blocks; ends the program
 * on failure. The kernel has 28,000 ports for each source address, and finds
 * the first half of them quickly: a caller that needs many passes host 0, 1, …
 * and connects from 127.0.0.1, 127.0.0.2, … (TCP only). */
int dial(const struct address *address, unsigned host);

#endif
