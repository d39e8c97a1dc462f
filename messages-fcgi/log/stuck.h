/* SPDX-License-Identifier: MIT
 *
 * The channels whose row somebody else holds locked. Pure: the caller brings
 * the time.
 */
#ifndef MESSAGES_FCGI_LOG_STUCK_H
#define MESSAGES_FCGI_LOG_STUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/channel_name.h"

/* As many as one batch can name. Of more, the oldest is forgotten, which costs
 * others one wait for its lock. */
#define STUCK_MAX 256

enum stuck_state {
	STUCK_NO = 0,
	STUCK_REFUSE, /* not worth trying yet */
	STUCK_PROBE,  /* to be tried alone, so that nobody waits with it */
};

/* Owns its memory; all zero is the empty list. */
struct stuck {
	struct stuck_channel {
		char name[CHANNEL_NAME_MAX];
		size_t len;
		int64_t since_ms;    /* it was found locked; 0: never */
		int64_t probe_at_ms; /* 0: it was never refused */
	} channels[STUCK_MAX];
	size_t count;
};

enum stuck_state stuck_find(const struct stuck *stuck, struct span channel,
			    int64_t now_ms);

/* The channel may be locked: it is to be probed. */
void stuck_suspect(struct stuck *stuck, struct span channel);

/* The one with the least is to be probed first. */
size_t stuck_turn(const struct stuck *stuck, struct span channel);

/* The channel, probed, is locked; all others have their turn before it has its
 * next one. Returns when this was said of it first. */
int64_t stuck_locked(struct stuck *stuck, struct span channel, int64_t now_ms);

/* The channel is locked for too long: it is refused until then. True if that
 * is news. */
bool stuck_refuse(struct stuck *stuck, struct span channel,
		  int64_t probe_at_ms);

/* The channel is free. True if it was refused. */
bool stuck_forget(struct stuck *stuck, struct span channel);

#endif
