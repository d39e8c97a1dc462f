/* SPDX-License-Identifier: MIT
 *
 * POST /pusher/auth and /pusher/user-auth: see API.md.
 */
#ifndef MESSAGES_FCGI_API_AUTH_POST_H
#define MESSAGES_FCGI_API_AUTH_POST_H

#include "common/config/app.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"

/* Who may, and as whom. */
enum auth_post_who {
	AUTH_POST_REMOTE_USER = 0, /* whom the web server names */
	AUTH_POST_ANYONE,          /* as whom they like */
};

/* 0, or -1 when s names none: remote-user, anyone. */
int auth_post_parse_who(const char *s, enum auth_post_who *who) MUST_CHECK;

/* What they work with; borrowed. */
struct auth_post {
	const struct app *app;
	enum auth_post_who who;
};

void auth_post_channel(const struct auth_post *self,
		       const struct request *request,
		       struct response *response);
void auth_post_user(const struct auth_post *self, const struct request *request,
		    struct response *response);

#endif
