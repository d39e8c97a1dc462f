/* SPDX-License-Identifier: MIT
 *
 * POST /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_API_MESSAGES_POST_H
#define MESSAGES_FCGI_API_MESSAGES_POST_H

#include "messages-fcgi/api/deferred_answer.h"
#include "messages-fcgi/api/message.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"
#include "messages-fcgi/log/committer.h"

/* What it works with; borrowed. */
struct messages_post {
	struct committer *committer;
	struct message_limits limits;
};

void messages_post(const struct messages_post *self,
		   const struct request *request, struct response *response,
		   struct deferred_answer *deferred);

#endif
