/* SPDX-License-Identifier: MIT
 *
 * What entitles a connection to a channel, or makes it a user's: a signature
 * with the app's secret, made by an auth endpoint and checked by the relay.
 * Pure.
 */
#ifndef COMMON_AUTH_H
#define COMMON_AUTH_H

#include "common/app.h"

/* Add "{key}:{signature}", as clients send it. What is signed is
 *
 *     {socket_id}:{channel}[:{channel_data}]
 *     {socket_id}::user::{user_data}
 *
 * channel_data, which is absent where there is none, and user_data as they are
 * sent, never encoded anew. */
void auth_add_channel(struct buf *buf, const struct app *app,
		      struct span socket_id, struct span channel,
		      struct span channel_data);
void auth_add_user(struct buf *buf, const struct app *app,
		   struct span socket_id, struct span user_data);

/* Whether auth is what these would have added; in a time that does not tell
 * how much of it is right. */
bool auth_check_channel(const struct app *app, struct span auth,
			struct span socket_id, struct span channel,
			struct span channel_data);
bool auth_check_user(const struct app *app, struct span auth,
		     struct span socket_id, struct span user_data);

#endif
