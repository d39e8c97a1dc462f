/* SPDX-License-Identifier: MIT
 *
 * What the roster script says to all workers, see common/wire/roster.lua. Pure.
 */
#ifndef RELAY_PROTOCOL_ROSTER_HINT_H
#define RELAY_PROTOCOL_ROSTER_HINT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum roster_hint_kind {
	ROSTER_HINT_MEMBERS = 0, /* of a channel: somebody came or went */
	ROSTER_HINT_COUNT,       /* of a channel: there are n subscribers */
	ROSTER_HINT_USER,        /* n is 1: the user went online; 0: offline */
	ROSTER_HINT_TERMINATE,   /* the user's connections are to be closed */
};

struct roster_hint {
	enum roster_hint_kind kind;
	struct span key; /* {app}:{channel} or {app}:{user}; borrowed */
	int64_t n;
};

/* -1 if it is none that we know. */
int roster_hint_parse(struct span text, struct roster_hint *hint) MUST_CHECK;

#endif
