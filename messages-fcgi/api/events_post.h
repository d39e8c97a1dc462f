/* SPDX-License-Identifier: MIT
 *
 * POST /apps/{id}/events and /apps/{id}/batch_events: see API.md.
 */
#ifndef MESSAGES_FCGI_API_EVENTS_POST_H
#define MESSAGES_FCGI_API_EVENTS_POST_H

#include "common/config/app.h"
#include "messages-fcgi/api/deferred_answer.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"
#include "messages-fcgi/log/committer.h"
#include "messages-fcgi/redis/publisher.h"
#include "messages-fcgi/redis/roster_reader.h"

/* What they work with; borrowed. */
struct events_post {
	const struct apps *apps;
	struct committer *const *committers; /* of each app, NULL: no history */
	struct publisher *publisher;
	struct roster_reader *roster;
};

void events_post(const struct events_post *self, struct span app_id,
		 const struct request *request, struct response *response,
		 struct deferred_answer *deferred);
void events_post_batch(const struct events_post *self, struct span app_id,
		       const struct request *request, struct response *response,
		       struct deferred_answer *deferred);

#endif
