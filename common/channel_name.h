/* SPDX-License-Identifier: MIT
 *
 * The names of channels: which are well-formed, which are public, which are
 * on the operator's list. Pure. Source: Pusher Channels' naming rules.
 */
#ifndef COMMON_CHANNEL_NAME_H
#define COMMON_CHANNEL_NAME_H

#include <stdbool.h>

#include "common/span.h"

#define CHANNEL_NAME_MAX 164

/* The tutorial's channel: where a post goes that names none. */
#define CHANNEL_NAME_DEFAULT "messages"

/* 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; */
bool channel_name_is_valid(struct span name);

/* Neither private- nor presence-: anyone may subscribe. */
bool channel_name_is_public(struct span name);

/* list: shell patterns (*, ?, [a-z]) separated by commas, blanks around them
 * ignored. name must be valid. */
bool channel_name_is_listed(struct span name, const char *list);

/* A channel whose events are logged: public and on the list. */
bool channel_name_is_durable(struct span name, const char *list);

#endif
