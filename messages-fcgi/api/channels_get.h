/* SPDX-License-Identifier: MIT
 *
 * GET /apps/{id}/channels, …/channels/{channel} and …/channels/{channel}/users,
 * and POST …/users/{user}/terminate_connections: see API.md.
 */
#ifndef MESSAGES_FCGI_API_CHANNELS_GET_H
#define MESSAGES_FCGI_API_CHANNELS_GET_H

#include "common/config/app.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"
#include "messages-fcgi/redis/roster_reader.h"

/* What they work with; borrowed. */
struct channels_get {
	const struct apps *apps;
	struct roster_reader *roster;
};

void channels_get(const struct channels_get *self, struct span app_id,
		  const struct request *request, struct response *response);
void channels_get_one(const struct channels_get *self, struct span app_id,
		      struct span channel, const struct request *request,
		      struct response *response);
void channels_get_users(const struct channels_get *self, struct span app_id,
			struct span channel, const struct request *request,
			struct response *response);
/* The one that is no read: its connections are closed by the relays. */
void channels_terminate_user(const struct channels_get *self,
			     struct span app_id, struct span user,
			     const struct request *request,
			     struct response *response);

#endif
