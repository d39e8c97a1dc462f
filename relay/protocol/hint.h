/* SPDX-License-Identifier: MIT
 *
 * What the roster script says to all workers, see common/wire/roster.lua. Pure.
 */
#ifndef RELAY_PROTOCOL_HINT_H
#define RELAY_PROTOCOL_HINT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum hint_kind {
	HINT_MEMBERS = 0, /* of a channel: somebody came or went */
	HINT_COUNT,       /* of a channel: there are n subscribers */
	HINT_USER,        /* n is 1: the user went online; 0: offline */
	HINT_TERMINATE,   /* the user's connections are to be closed */
};

struct hint {
	enum hint_kind kind;
	struct span key; /* {app}:{channel} or {app}:{user}; borrowed */
	int64_t n;
};

/* -1 if it is none that we know. */
int hint_parse(struct span text, struct hint *hint) MUST_CHECK;

#endif
