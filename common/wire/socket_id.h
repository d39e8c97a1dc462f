/* SPDX-License-Identifier: MIT
 *
 * The name of one connection, as two numbers with a dot between, "123.456",
 * held as one of 64 bits. 0 is no socket id. Pure.
 */
#ifndef COMMON_WIRE_SOCKET_ID_H
#define COMMON_WIRE_SOCKET_ID_H

#include <stdint.h>

#include "common/base/buf.h"

/* 0 if s is not one that socket_id_add could have written. */
uint64_t socket_id_parse(struct span s);

void socket_id_add(struct buf *buf, uint64_t socket_id);

#endif
