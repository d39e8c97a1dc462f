/* SPDX-License-Identifier: MIT
 *
 * How many subscribe to each channel here, as Redis is told: a little later,
 * and many channels at once.
 */
#ifndef RELAY_HUB_OCCUPANCY_H
#define RELAY_HUB_OCCUPANCY_H

#include "relay/backends/roster.h"
#include "relay/channels/channel.h"
#include "relay/net/loop.h"

struct occupancy;

struct occupancy *occupancy_new(struct loop *loop, struct roster *roster);
/* All channels must have been forgotten. */
void occupancy_free(struct occupancy *occupancy);

/* The channel has more or fewer members. */
void occupancy_note(struct occupancy *occupancy, struct channel *channel);
/* It ends. */
void occupancy_forget(struct occupancy *occupancy, struct channel *channel);

/* Redis knows nothing of us: everything is told again. */
void occupancy_begin(struct occupancy *occupancy, struct channel *channels);

/* Hints may have been lost: each count is said once more. */
void occupancy_refresh(struct occupancy *occupancy, struct channel *channels);

#endif
