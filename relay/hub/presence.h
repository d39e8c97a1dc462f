/* SPDX-License-Identifier: MIT
 *
 * The members of the presence channels that this worker serves: joins, leaves,
 * and events that report the difference to subscribers.
 *
 * Redis holds the list of members, and its hints only say that a list has
 * changed. The worker then reads the list again and reports the difference. So
 * a lost hint, a Redis that starts empty and a worker that was killed are the
 * same case.
 *
 * While Redis is unavailable, a channel keeps its members, and subscribers of
 * this worker may join. Afterwards every worker registers its members again;
 * until one lease has passed, no member is reported as gone.
 */
#ifndef RELAY_HUB_PRESENCE_H
#define RELAY_HUB_PRESENCE_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

struct presence;

/* All three are borrowed. */
struct presence *presence_new(struct loop *loop, struct fanout *fanout,
			      struct roster *roster);

/* Call presence_forget for each channel first. */
void presence_free(struct presence *presence);

/* For session_ops: joins session to a presence channel as
 * subscription->user_id, as soon as the list of members is known. user_info is
 * JSON or absent; borrowed. A full channel refuses it, see session_refuse. */
void presence_join(struct presence *presence, struct session *session,
		   struct subscription *subscription, struct span name,
		   struct span user_info);
/* Call it before fanout_leave. Ignores other kinds of channels. */
void presence_leave(struct presence *presence,
		    struct subscription *subscription);
/* The channel ends. Ignores other kinds of channels. */
void presence_forget(struct presence *presence, struct channel *channel);

/* For roster_ops. Redis knows nothing of this worker: registers all members. */
void presence_begin(struct presence *presence);
/* Redis does as it is asked. */
void presence_serving(struct presence *presence);
/* Redis is unavailable: a second later, joins no longer wait for it. */
void presence_away(struct presence *presence);

/* The members of the channel have changed: reads them. */
void presence_hint(struct presence *presence, struct channel *channel);

/* Hints may have been lost: reads the members of all channels. */
void presence_refresh(struct presence *presence);

#endif
