/* SPDX-License-Identifier: MIT
 *
 * The users as whom sessions of this worker signed in, and the users on their
 * watchlists. Registers in Redis which users are online here, and reports to
 * sessions which users of their watchlist come online or go offline.
 *
 * As in presence, hints say that a user came or went. Where hints may have been
 * lost, the worker compares its state with the list in Redis.
 */
#ifndef RELAY_HUB_SIGNED_IN_USERS_H
#define RELAY_HUB_SIGNED_IN_USERS_H

#include "relay/backends/roster.h"
#include "relay/hub/session.h"

struct signed_in_users;

/* Both are borrowed. */
struct signed_in_users *signed_in_users_new(struct loop *loop,
					    struct roster *roster);
/* All sessions must have signed out. */
void signed_in_users_free(struct signed_in_users *users);

/* For session_ops. */
void signed_in_users_sign_in(struct signed_in_users *users,
			     struct session *session, struct span user_data);
void signed_in_users_sign_out(struct signed_in_users *users,
			      struct session *session);

/* A user came online or went offline. key: {app}:{user}. */
void signed_in_users_hint(struct signed_in_users *users, struct span key,
			  bool is_online);

/* Closes all connections that are signed in as the user. */
void signed_in_users_terminate(struct signed_in_users *users, struct span key);

/* For roster_ops: registers all users again. */
void signed_in_users_begin(struct signed_in_users *users);

/* Hints may have been lost, those that close connections among them: queries
 * Redis for both. */
void signed_in_users_refresh(struct signed_in_users *users);

#endif
