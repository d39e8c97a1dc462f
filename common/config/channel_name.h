/* SPDX-License-Identifier: MIT
 *
 * The names of channels: which are well-formed, which are public, which are
 * on the operator's list. Pure. Source: Pusher Channels' naming rules.
 */
#ifndef COMMON_CONFIG_CHANNEL_NAME_H
#define COMMON_CONFIG_CHANNEL_NAME_H

#include <stdbool.h>

#include "common/base/buf.h"

#define CHANNEL_NAME_MAX 164

/* The tutorial's channel: where a post goes that names none. */
#define CHANNEL_NAME_DEFAULT "messages"

/* What the beginning of a name says, which need not be valid. */
enum channel_name_kind {
	CHANNEL_NAME_PUBLIC = 0,
	CHANNEL_NAME_PRIVATE,   /* private- */
	CHANNEL_NAME_ENCRYPTED, /* private-encrypted- */
	CHANNEL_NAME_PRESENCE,  /* presence- */
	CHANNEL_NAME_USER,      /* #server-to-user- */
};

enum channel_name_kind channel_name_kind(struct span name);

/* 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; */
bool channel_name_is_valid(struct span name);

/* Anyone may subscribe. */
bool channel_name_is_public(struct span name);

/* cache- follows what tells the kind: the last event is kept for who comes. */
bool channel_name_is_cache(struct span name);

/* The user whose channel it is, to which only the app's server sends; absent
 * if it is not a user's, or no user can be called so. Such a name is no valid
 * one to all others. */
struct span channel_name_user(struct span name);
void channel_name_add_user(struct buf *buf, struct span user);

/* list: shell patterns (*, ?, [a-z]) separated by commas, blanks around them
 * ignored. name must be valid. */
bool channel_name_is_listed(struct span name, const char *list);

/* A channel whose events are logged: public and on the list. */
bool channel_name_is_durable(struct span name, const char *list);

#endif
