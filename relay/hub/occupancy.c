/* SPDX-License-Identifier: MIT
 *
 * A list of the channels whose count has changed, and a timer.
 */
#include "relay/hub/occupancy.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"

/* Subscribers join and leave in bursts: one report for each burst. */
#define REPORT_MS 5

struct occupancy {
	struct loop *loop;
	struct roster *roster;
	struct list changed;
	struct loop_timer timer;
};

/* Reports an unchanged count, too: new members wait for the total. */
static void report_count(struct occupancy *occupancy, struct channel *channel,
			 bool again)
{
	list_remove(&channel->occupancy.link);
	if ((channel->count == 0 && channel->occupancy.reported == 0) ||
	    !roster_is_up(occupancy->roster))
		return;
	channel->occupancy.reported = channel->count;
	roster_count(occupancy->roster, again, channel->app->id,
		     channel_name(channel), channel->count);
}

static void on_timer(struct loop_timer *timer)
{
	struct occupancy *occupancy =
		container_of(timer, struct occupancy, timer);

	while (!list_is_empty(&occupancy->changed))
		report_count(occupancy,
			     container_of(occupancy->changed.next,
					  struct channel, occupancy.link),
			     false);
	roster_send_counts(occupancy->roster);
}

static void start_timer(struct occupancy *occupancy)
{
	if (!occupancy->timer.is_set)
		loop_set_timer(occupancy->loop, &occupancy->timer, REPORT_MS,
			       on_timer);
}

void occupancy_note(struct occupancy *occupancy, struct channel *channel)
{
	if (list_is_empty(&channel->occupancy.link))
		list_append(&occupancy->changed, &channel->occupancy.link);
	start_timer(occupancy);
}

void occupancy_forget(struct occupancy *occupancy, struct channel *channel)
{
	report_count(occupancy, channel, false);
	start_timer(occupancy);
}

void occupancy_begin(struct occupancy *occupancy, struct channel *channels)
{
	struct channel *channel;

	for (channel = channels; channel != NULL; channel = channel->hh.next) {
		if (channel->count == 0)
			channel->occupancy.reported = 0;
		report_count(occupancy, channel,
			     channel->occupancy.reported > 0);
	}
	roster_send_counts(occupancy->roster);
}

void occupancy_refresh(struct occupancy *occupancy, struct channel *channels)
{
	struct channel *channel;

	for (channel = channels; channel != NULL; channel = channel->hh.next)
		if (channel->app->subscription_count &&
		    channel->occupancy.reported > 0)
			report_count(occupancy, channel, true);
	roster_send_counts(occupancy->roster);
}

struct occupancy *occupancy_new(struct loop *loop, struct roster *roster)
{
	struct occupancy *occupancy = xcalloc(1, sizeof(*occupancy));

	occupancy->loop = loop;
	occupancy->roster = roster;
	list_init(&occupancy->changed);
	return occupancy;
}

void occupancy_free(struct occupancy *occupancy)
{
	assert(list_is_empty(&occupancy->changed));
	loop_clear_timer(occupancy->loop, &occupancy->timer);
	free(occupancy);
}
