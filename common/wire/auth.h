/* SPDX-License-Identifier: MIT
 *
 * What entitles a connection to a channel, or makes it a user's: a signature
 * with the app's secret, made by an auth endpoint and checked by the relay. And
 * what entitles a page to a channel's history: a grant, made by either and
 * checked by messages-fcgi. Pure.
 */
#ifndef COMMON_WIRE_AUTH_H
#define COMMON_WIRE_AUTH_H

#include "common/config/app.h"

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

/* A grant is good for so long: to read what was missed, and on from there; the
 * next subscription brings another. */
#define AUTH_GRANT_S 3600

/* Adds a grant of the channel's history, good before expiry_s, in seconds since
 * 1970: "{expiry}:{user}:{signature}", both in hexadecimal. user is whom it was
 * given to, or empty. What is signed begins with a word and a line feed, so
 * that it is no other signature. */
void auth_add_grant(struct buf *buf, const struct app *app, struct span channel,
		    struct span user, int64_t expiry_s);

/* Whether it is one for this channel, and good now. */
bool auth_check_grant(const struct app *app, struct span channel,
		      struct span grant, int64_t now_s);

#endif
