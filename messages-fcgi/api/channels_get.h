/* SPDX-License-Identifier: MIT
 *
 * GET /apps/{id}/channels, …/channels/{channel} and …/channels/{channel}/users,
 * and POST …/users/{user}/terminate_connections: see API.md.
 */
#ifndef MESSAGES_FCGI_API_CHANNELS_GET_H
#define MESSAGES_FCGI_API_CHANNELS_GET_H

#include "messages-fcgi/api/call.h"

void channels_get(const struct call *call);
void channels_get_one(const struct call *call);
void channels_get_users(const struct call *call);
/* Does not only read: the relays close the connections of the user. */
void channels_terminate_user(const struct call *call);

#endif
