/* SPDX-License-Identifier: MIT
 *
 * Whom the sessions of this worker signed in as, and whom they watch: who is
 * online is told to Redis, who else is comes from there.
 *
 * As with presence, a hint says that somebody came or went, and what a session
 * was told is compared with what Redis knows where hints may have been lost.
 */
#ifndef RELAY_HUB_USERS_H
#define RELAY_HUB_USERS_H

#include "relay/backends/roster.h"
#include "relay/hub/session.h"

struct users;

/* Both are borrowed. */
struct users *users_new(struct loop *loop, struct roster *roster);
/* All must have signed out. */
void users_free(struct users *users);

/* For session_ops. */
void users_sign_in(struct users *users, struct session *session,
		   struct span user_data);
void users_sign_out(struct users *users, struct session *session);

/* A user came online, or went. key: {app}:{user}. */
void users_hint(struct users *users, struct span key, bool is_online);

/* Closes all connections of the user. */
void users_terminate(struct users *users, struct span key);

/* For roster_ops. */
void users_begin(struct users *users);

/* Hints may have been lost, also to close connections. */
void users_refresh(struct users *users);

#endif
