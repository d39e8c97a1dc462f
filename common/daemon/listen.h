/* SPDX-License-Identifier: MIT
 *
 * Opens listening sockets, or adopts inherited ones.
 */
#ifndef COMMON_DAEMON_LISTEN_H
#define COMMON_DAEMON_LISTEN_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/config/address.h"

/* Opens a listening socket, non-blocking and close-on-exec. A Unix socket gets
 * mode 0660 and replaces a socket file on which no process listens. Returns the
 * descriptor, or -1 and the reason in errno. */
int listen_open(const struct address *address, int backlog) MUST_CHECK;

/* Gives an inherited listening socket the same flags and the backlog. 0, or -1
 * and the reason in errno. */
int listen_adopt(int fd, int backlog) MUST_CHECK;

/* Whether fd is a Unix socket. */
bool listen_is_local(int fd);

/* Removes the file of a Unix socket. Does nothing for TCP. */
void listen_unlink(int fd);

#endif
