/* SPDX-License-Identifier: MIT
 *
 * Whom the sessions of this worker signed in as, and whom they watch: who is
 * online is told to Redis, who else is comes from there.
 *
 * As with presence, a hint says that somebody came or went, and what a session
 * was told is compared with what Redis knows where hints may have been lost.
 */
#ifndef RELAY_HUB_SIGNED_IN_USERS_H
#define RELAY_HUB_SIGNED_IN_USERS_H

#include "relay/backends/roster.h"
#include "relay/hub/session.h"

struct signed_in_users;

/* Both are borrowed. */
struct signed_in_users *signed_in_users_new(struct loop *loop,
					    struct roster *roster);
/* All must have signed out. */
void signed_in_users_free(struct signed_in_users *users);

/* For session_ops. */
void signed_in_users_sign_in(struct signed_in_users *users,
			     struct session *session, struct span user_data);
void signed_in_users_sign_out(struct signed_in_users *users,
			      struct session *session);

/* A user came online, or went. key: {app}:{user}. */
void signed_in_users_hint(struct signed_in_users *users, struct span key,
			  bool is_online);

/* Closes all connections of the user. */
void signed_in_users_terminate(struct signed_in_users *users, struct span key);

/* For roster_ops. */
void signed_in_users_begin(struct signed_in_users *users);

/* Hints may have been lost, also to close connections. */
void signed_in_users_refresh(struct signed_in_users *users);

#endif
