/* SPDX-License-Identifier: MIT
 *
 * Listening sockets: made from an address, or given to us.
 */
#ifndef COMMON_DAEMON_LISTEN_H
#define COMMON_DAEMON_LISTEN_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/config/address.h"

/* Opens a listening socket: non-blocking, close-on-exec. A Unix socket that
 * nobody listens on any more is replaced; it is made for owner and group. -1
 * and the reason in errno. */
int listen_open(const struct address *address, int backlog) MUST_CHECK;

/* The same of a listening socket that we were given. */
int listen_adopt(int fd, int backlog) MUST_CHECK;

/* Whether it is a Unix socket. */
bool listen_is_local(int fd);

/* Removes the name of a Unix socket; no-op for TCP. */
void listen_unlink(int fd);

#endif
