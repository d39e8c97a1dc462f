/* SPDX-License-Identifier: MIT
 *
 * The script that both programs have Redis run; what it does and is asked is
 * told in common/wire/roster.lua, whose text this is.
 */
#ifndef COMMON_WIRE_ROSTER_SCRIPT_H
#define COMMON_WIRE_ROSTER_SCRIPT_H

#include "common/base/buf.h"

struct span roster_script(void);

/* Adds its name for EVALSHA: the SHA-1 in hexadecimal. */
void roster_script_add_sha(struct buf *buf);

#endif
