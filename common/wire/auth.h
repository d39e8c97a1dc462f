/* SPDX-License-Identifier: MIT
 *
 * Signatures and grants, made with the app's secret. A signature lets a
 * connection subscribe to a channel or sign in as a user: an auth endpoint
 * makes it and relay checks it. A grant lets a page read a channel's history:
 * the auth endpoint or relay makes it and messages-fcgi checks it. Pure.
 */
#ifndef COMMON_WIRE_AUTH_H
#define COMMON_WIRE_AUTH_H

#include "common/config/app.h"

/* Add "{key}:{signature}", as clients send it. The signed texts are
 *
 *     {socket_id}:{channel}[:{channel_data}]
 *     {socket_id}::user::{user_data}
 *
 * with channel_data, which may be absent, and user_data byte for byte as they
 * are sent. */
void auth_add_channel(struct buf *buf, const struct app *app,
		      struct span socket_id, struct span channel,
		      struct span channel_data);
void auth_add_user(struct buf *buf, const struct app *app,
		   struct span socket_id, struct span user_data);

/* Whether auth is what these functions add for the same arguments. The time of
 * the comparison does not depend on how many bytes are right. */
bool auth_check_channel(const struct app *app, struct span auth,
			struct span socket_id, struct span channel,
			struct span channel_data);
bool auth_check_user(const struct app *app, struct span auth,
		     struct span socket_id, struct span user_data);

/* Seconds for which a grant is valid: enough for a client to catch up. Each
 * subscription brings a new one. */
#define AUTH_GRANT_S 3600

/* Adds a grant for the channel's history that expires at expiry_s, in seconds
 * since 1970: "{expiry}:{user}:{signature}", with user and signature in
 * hexadecimal. user is the id of the user who receives it, or empty. The signed
 * text begins with "grant" and a line feed, which no other signed text does. */
void auth_add_grant(struct buf *buf, const struct app *app, struct span channel,
		    struct span user, int64_t expiry_s);

/* Whether the grant is for this channel and has not expired. */
bool auth_check_grant(const struct app *app, struct span channel,
		      struct span grant, int64_t now_s);

#endif
