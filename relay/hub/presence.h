/* SPDX-License-Identifier: MIT
 *
 * Who is in the presence channels that this worker serves: joins, leaves, and
 * telling subscribers of the difference.
 *
 * Redis holds the truth, and says only that it has changed. Then the list is
 * read again, and what subscribers don't know yet is told to them; so a hint
 * that was lost, a Redis that starts empty and a worker that was killed are all
 * the same case.
 *
 * While Redis is unavailable, a channel has the members that it had, and more
 * may come here. After that everything is registered again; and as the other
 * workers do the same, nobody is gone until one lease has passed.
 */
#ifndef RELAY_HUB_PRESENCE_H
#define RELAY_HUB_PRESENCE_H

#include "relay/backends/roster.h"
#include "relay/hub/fanout.h"

struct presence;

/* All are borrowed. */
struct presence *presence_new(struct loop *loop, struct fanout *fanout,
			      struct roster *roster);

/* All channels must be gone. */
void presence_free(struct presence *presence);

/* For session_ops: joins session to a presence channel as
 * subscription->user_id, once it is known who else is there. */
void presence_join(struct presence *presence, struct session *session,
		   struct subscription *subscription, struct span name,
		   struct span user_info);
/* Before fanout_leave. No-op on what is no presence channel's. */
void presence_leave(struct presence *presence,
		    struct subscription *subscription);
/* The channel, which may be of any kind, ends. */
void presence_forget(struct presence *presence, struct channel *channel);

/* For roster_ops. */
void presence_begin(struct presence *presence);
void presence_serving(struct presence *presence);
void presence_away(struct presence *presence);

/* The members of the channel have changed. */
void presence_hint(struct presence *presence, struct channel *channel);

/* Hints may have been lost. */
void presence_refresh(struct presence *presence);

#endif
