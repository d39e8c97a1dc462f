/* SPDX-License-Identifier: MIT
 *
 * The names of channels: whether a name is valid, what kind of channel it
 * names, and whether it is on the operator's list. Pure. Source: the naming
 * rules of Pusher Channels.
 */
#ifndef COMMON_CONFIG_CHANNEL_NAME_H
#define COMMON_CONFIG_CHANNEL_NAME_H

#include <stdbool.h>

#include "common/base/buf.h"

#define CHANNEL_NAME_MAX 164

/* The channel of a post that names none. */
#define CHANNEL_NAME_DEFAULT "messages"

/* The kind follows from the prefix of a name, valid or not. */
enum channel_name_kind {
	CHANNEL_NAME_PUBLIC = 0,
	CHANNEL_NAME_PRIVATE,   /* private- */
	CHANNEL_NAME_ENCRYPTED, /* private-encrypted- */
	CHANNEL_NAME_PRESENCE,  /* presence- */
	CHANNEL_NAME_USER,      /* #server-to-user- */
};

enum channel_name_kind channel_name_kind(struct span name);

/* Whether name consists of 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; */
bool channel_name_is_valid(struct span name);

/* Whether anyone may subscribe. */
bool channel_name_is_public(struct span name);

/* Whether "cache-" follows the prefix: a new subscriber of such a channel gets
 * its last event. */
bool channel_name_is_cache(struct span name);

/* The id of the user that a user's channel belongs to; absent if name is not a
 * user's channel or the id is not acceptable. Only the app's server sends to
 * such channels; their names are not valid to channel_name_is_valid. */
struct span channel_name_user(struct span name);

/* Adds the name of the user's channel. */
void channel_name_add_user(struct buf *buf, struct span user);

/* Whether name, which must be valid, matches one of the shell patterns (*, ?,
 * [a-z]) in list, which are separated by commas or blanks. */
bool channel_name_is_listed(struct span name, const char *list);

/* Whether name is public and on the list. */
bool channel_name_is_durable(struct span name, const char *list);

#endif
