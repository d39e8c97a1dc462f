/* SPDX-License-Identifier: MIT
 *
 * Reports to Redis how many subscribers each channel has in this worker: a few
 * milliseconds late, and many channels at once.
 */
#ifndef RELAY_HUB_OCCUPANCY_H
#define RELAY_HUB_OCCUPANCY_H

#include "relay/backends/roster.h"
#include "relay/channels/channel.h"
#include "relay/net/loop.h"

struct occupancy;

struct occupancy *occupancy_new(struct loop *loop, struct roster *roster);
/* Call occupancy_forget for each channel first. */
void occupancy_free(struct occupancy *occupancy);

/* Members joined or left the channel. */
void occupancy_note(struct occupancy *occupancy, struct channel *channel);
/* The channel ends. */
void occupancy_forget(struct occupancy *occupancy, struct channel *channel);

/* Redis knows nothing of this worker: reports every channel again. */
void occupancy_begin(struct occupancy *occupancy, struct channel *channels);

/* Hints may have been lost: reports again the channels of apps whose clients
 * get subscription counts. */
void occupancy_refresh(struct occupancy *occupancy, struct channel *channels);

#endif
