/* SPDX-License-Identifier: MIT
 *
 * What the roster script says to all workers, see common/roster.lua. Pure.
 */
#ifndef RELAY_HINT_H
#define RELAY_HINT_H

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum hint_kind {
	HINT_MEMBERS = 0, /* somebody came or went */
	HINT_COUNT,       /* there are n subscribers in the cluster */
	HINT_USER,        /* n is 1: went online; 0: offline */
	HINT_TERMINATE,   /* the user's connections are to be closed */
};

/* Borrowed from the text. */
struct hint {
	enum hint_kind kind;
	struct span key;       /* {app}:{channel}, of the first two */
	struct span app, user; /* of the others */
	int64_t n;
};

/* -1 if it is none that we know. */
int hint_parse(struct span text, struct hint *hint) MUST_CHECK;

#endif
