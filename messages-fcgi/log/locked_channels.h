/* SPDX-License-Identifier: MIT
 *
 * The channels whose row another transaction holds locked. Pure: the caller
 * passes the time, in ms of clock_ms.
 */
#ifndef MESSAGES_FCGI_LOG_LOCKED_CHANNELS_H
#define MESSAGES_FCGI_LOG_LOCKED_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/channel_name.h"

/* The most that one batch can name. A channel beyond that replaces the first of
 * the list, which costs other channels one wait for its lock. */
#define LOCKED_CHANNELS_MAX 256

enum locked_channels_state {
	LOCKED_CHANNELS_NO = 0,
	LOCKED_CHANNELS_REFUSE, /* too early to try it again */
	LOCKED_CHANNELS_PROBE,  /* to be tried alone, so that no other channel
				   waits for its lock */
};

/* Owns its memory; all zero is the empty list. */
struct locked_channels {
	struct locked_channels_channel {
		char name[CHANNEL_NAME_MAX];
		size_t len;
		int64_t since_ms;    /* when it was found locked; 0: never */
		int64_t probe_at_ms; /* when to try it again; 0: not refused */
	} channels[LOCKED_CHANNELS_MAX];
	size_t count;
};

enum locked_channels_state
locked_channels_find(const struct locked_channels *locked, struct span channel,
		     int64_t now_ms);

/* Adds a channel that may be locked: it is to be probed. */
void locked_channels_suspect(struct locked_channels *locked,
			     struct span channel);

/* The channel's position in the list. Of several channels to be probed, the one
 * with the lowest comes first. */
size_t locked_channels_turn(const struct locked_channels *locked,
			    struct span channel);

/* A commit found the channel locked. Moves it to the end of the list, behind
 * the other suspects. Returns the now_ms of the first of these calls. */
int64_t locked_channels_locked(struct locked_channels *locked,
			       struct span channel, int64_t now_ms);

/* Refuses the channel until probe_at_ms. True if it was not refused before. */
bool locked_channels_refuse(struct locked_channels *locked, struct span channel,
			    int64_t probe_at_ms);

/* Removes a channel that is free. True if it was refused. */
bool locked_channels_forget(struct locked_channels *locked,
			    struct span channel);

#endif
