/* SPDX-License-Identifier: MIT
 *
 * Decodes the messages that the roster script publishes to all workers, see
 * common/wire/roster.lua. Pure.
 */
#ifndef RELAY_PROTOCOL_ROSTER_HINT_H
#define RELAY_PROTOCOL_ROSTER_HINT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum roster_hint_kind {
	ROSTER_HINT_MEMBERS = 0, /* of a channel: a member joined or left */
	ROSTER_HINT_COUNT,       /* of a channel: there are n subscribers */
	ROSTER_HINT_USER,        /* n is 1: the user went online; 0: offline */
	ROSTER_HINT_TERMINATE,   /* the user's connections are to be closed */
};

struct roster_hint {
	enum roster_hint_kind kind;
	struct span key; /* {app}:{channel} or {app}:{user}; borrowed */
	int64_t n;
};

/* Returns -1 if the text is no known hint. */
int roster_hint_parse(struct span text, struct roster_hint *hint) MUST_CHECK;

#endif
