/* SPDX-License-Identifier: MIT
 *
 * Socket ids: the name of a connection in the Pusher protocol, such as
 * "123.456". The two numbers are kept as one of 64 bits; 0 is not a socket id.
 * Pure.
 */
#ifndef COMMON_WIRE_SOCKET_ID_H
#define COMMON_WIRE_SOCKET_ID_H

#include <stdint.h>

#include "common/base/buf.h"

/* The socket id in s; 0 if s is not in the form that socket_id_add writes. */
uint64_t socket_id_parse(struct span s);

void socket_id_add(struct buf *buf, uint64_t socket_id);

#endif
