/* SPDX-License-Identifier: MIT
 *
 * POST /pusher/auth and /pusher/user-auth: see API.md.
 */
#ifndef MESSAGES_FCGI_API_AUTH_POST_H
#define MESSAGES_FCGI_API_AUTH_POST_H

#include "messages-fcgi/api/call.h"

/* Checks the value of PUSHLOG_AUTH; for the table of options. "remote-user":
 * users whom the web server has authenticated. "anyone": all users, under the
 * name that they send. NULL, or why it is neither. */
const char *auth_post_check_mode(const char *mode);

void auth_post_channel(const struct call *call);
void auth_post_user(const struct call *call);

#endif
