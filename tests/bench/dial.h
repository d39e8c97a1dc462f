/* SPDX-License-Identifier: MIT
 *
 * A connection to a server of this machine.
 */
#ifndef TESTS_BENCH_DIAL_H
#define TESTS_BENCH_DIAL_H

#include "common/address.h"

/* A connected socket, which the caller closes. Waits until it is connected;
 * ends the program when it can't be. */
int dial(const struct address *address);

#endif
