/* SPDX-License-Identifier: MIT
 *
 * The text of common/wire/roster.lua, the script that both programs run in
 * Redis. Its comments describe the operations.
 */
#ifndef COMMON_WIRE_ROSTER_SCRIPT_H
#define COMMON_WIRE_ROSTER_SCRIPT_H

#include "common/base/buf.h"

struct span roster_script(void);

/* Adds the script's name for EVALSHA: its SHA-1 in hexadecimal. */
void roster_script_add_sha(struct buf *buf);

#endif
