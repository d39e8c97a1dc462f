/* SPDX-License-Identifier: MIT
 *
 * The channels whose row somebody else holds locked. Pure: the caller brings
 * the time.
 */
#ifndef MESSAGES_FCGI_LOG_LOCKED_CHANNELS_H
#define MESSAGES_FCGI_LOG_LOCKED_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/channel_name.h"

/* As many as one batch can name. Of more, the oldest is forgotten, which costs
 * others one wait for its lock. */
#define LOCKED_CHANNELS_MAX 256

enum locked_channels_state {
	LOCKED_CHANNELS_NO = 0,
	LOCKED_CHANNELS_REFUSE, /* not worth trying yet */
	LOCKED_CHANNELS_PROBE,  /* to be tried alone, so that nobody waits with
				   it */
};

/* Owns its memory; all zero is the empty list. */
struct locked_channels {
	struct locked_channels_channel {
		char name[CHANNEL_NAME_MAX];
		size_t len;
		int64_t since_ms;    /* it was found locked; 0: never */
		int64_t probe_at_ms; /* 0: it was never refused */
	} channels[LOCKED_CHANNELS_MAX];
	size_t count;
};

enum locked_channels_state
locked_channels_find(const struct locked_channels *locked, struct span channel,
		     int64_t now_ms);

/* The channel may be locked: it is to be probed. */
void locked_channels_suspect(struct locked_channels *locked,
			     struct span channel);

/* The one with the least is to be probed first. */
size_t locked_channels_turn(const struct locked_channels *locked,
			    struct span channel);

/* The channel, probed, is locked; all others have their turn before it has its
 * next one. Returns when this was said of it first. */
int64_t locked_channels_locked(struct locked_channels *locked,
			       struct span channel, int64_t now_ms);

/* The channel is locked for too long: it is refused until then. True if that
 * is news. */
bool locked_channels_refuse(struct locked_channels *locked, struct span channel,
			    int64_t probe_at_ms);

/* The channel is free. True if it was refused. */
bool locked_channels_forget(struct locked_channels *locked,
			    struct span channel);

#endif
