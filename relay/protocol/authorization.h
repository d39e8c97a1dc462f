/* SPDX-License-Identifier: MIT
 *
 * Decides which connections, subscriptions, signins and client events are
 * allowed, by origin, signature and user. Pure.
 */
#ifndef RELAY_PROTOCOL_AUTHORIZATION_H
#define RELAY_PROTOCOL_AUTHORIZATION_H

#include "common/config/app.h"
#include "relay/protocol/pusher.h"

/* The connection that asks. All borrowed. */
struct authorization {
	const struct app *app;
	uint64_t socket_id;
	const char *user_id; /* NULL: it has not signed in */
};

/* Whether a page of this origin may connect. An absent origin means that the
 * client is no web page: it may. */
bool authorization_has_origin(const struct app *app, struct span origin);

/* Whether the subscribe in message may be granted: checks the signature against
 * the channel. The caller has checked that the channel's name is valid. */
bool authorization_may_subscribe(const struct authorization *who,
				 const struct pusher_message *message);

/* NULL if the signin in message may be granted; the caller then releases *user
 * with pusher_member_release. Else the reason why not, static memory. */
const char *authorization_check_signin(const struct authorization *who,
				       const struct pusher_message *message,
				       struct pusher_member *user) MUST_CHECK;

/* NULL if this connection, which subscribes to the channel or not, may send the
 * client event in message. Else the reason why not, static memory. */
const char *
authorization_check_client_event(const struct app *app,
				 const struct pusher_message *message,
				 bool is_subscribed) MUST_CHECK;

#endif
