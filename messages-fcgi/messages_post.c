/* SPDX-License-Identifier: MIT
 *
 * A request becomes a message, the message a post, its outcome a response.
 * Knows neither FastCGI nor SQL.
 */
#include "messages-fcgi/messages_post.h"

#include <assert.h>

#include "common/crypto.h"
#include "messages-fcgi/body.h"

static_assert(MESSAGE_KEY_BYTES == ENTRY_KEY_BYTES,
	      "a message's key is the log's");

static void fill_post(struct post *post, const struct message *message,
		      struct span request_id)
{
	post->entry.event = (struct event){
		.channel = message->channel,
		.event = span_str(EVENT_NEW_MESSAGE),
		.name = message->name,
		.text = message->text,
	};
	if (!message_key(message->client_key, request_id, post->entry.key))
		crypto_random(post->entry.key, sizeof(post->entry.key));
}

static void send_message(struct response *response, const struct event *event)
{
	struct buf body = BUF_INIT;

	event_add_message(&body, event);
	response_json(response, buf_span(&body));
	buf_release(&body);
}

static int store(const struct messages_post *self,
		 const struct request *request, const struct message *message,
		 struct post *post, struct problem *problem)
{
	fill_post(post, message, request->request_id);
	committer_post(self->committer, post, 1);
	switch (post->outcome) {
	case POST_STORED:
	case POST_REPEATED:
		return 0;
	case POST_CONFLICT:
		return problem_set(problem, 422, "Idempotency-Key",
				   "the key was used for another message");
	case POST_WAITING:
	case POST_UNAVAILABLE:
	default:
		return problem_set(problem, 503, NULL,
				   "the message was not committed in time: "
				   "repeat it with the same key");
	}
}

void messages_post(const struct messages_post *self,
		   const struct request *request, struct response *response)
{
	struct message message = { .storage = BUF_INIT };
	struct form form = FORM_INIT;
	struct problem problem;
	struct post post;

	if (body_parse(&form, request, &problem) == -1 ||
	    message_init(&message, &form, request->idempotency_key,
			 &self->limits, &problem) == -1 ||
	    store(self, request, &message, &post, &problem) == -1)
		response_problem(response, &problem);
	else
		send_message(response, &post.entry.event);
	message_release(&message);
	form_release(&form);
}
