/* SPDX-License-Identifier: MIT
 *
 * Who may what: whom the app's server has signed for, and who is whom. Pure.
 */
#ifndef RELAY_PROTOCOL_AUTHORIZATION_H
#define RELAY_PROTOCOL_AUTHORIZATION_H

#include "common/config/app.h"
#include "relay/protocol/pusher.h"

/* Who asks; borrowed. */
struct authorization {
	const struct app *app;
	uint64_t socket_id;
	const char *user_id; /* NULL: it has not signed in */
};

/* Whether a page of this origin may connect; absent: it is no page. */
bool authorization_has_origin(const struct app *app, struct span origin);

/* Whether the subscribe that message is may be granted, as far as its channel,
 * whose name is valid, and what was signed say. */
bool authorization_may_subscribe(const struct authorization *who,
				 const struct pusher_message *message);

/* NULL if the signin that message is may be granted; then the caller gives
 * *user back with pusher_member_release. Else why not, static memory. */
const char *authorization_check_signin(const struct authorization *who,
				       const struct pusher_message *message,
				       struct pusher_member *user) MUST_CHECK;

/* NULL if the client event that message is may be sent by who does, or does
 * not, subscribe to its channel. Else why not, static memory. */
const char *
authorization_check_client_event(const struct app *app,
				 const struct pusher_message *message,
				 bool is_subscribed) MUST_CHECK;

#endif
