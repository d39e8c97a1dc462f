/* SPDX-License-Identifier: MIT
 *
 * Turns a request into a post, and the outcome of the post into a response.
 * Knows neither FastCGI nor SQL.
 */
#include "messages-fcgi/api/messages_post.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "messages-fcgi/http/form_body.h"
#include "messages-fcgi/log/batch.h"

static_assert(MESSAGE_KEY_BYTES == ENTRY_KEY_BYTES,
	      "a message and an entry of the log have the same key");

/* A shorter answer is written without waiting. */
#define BRIEF_BYTES 16384

/* A message that waits for its commit. */
struct posting {
	struct post post;
	struct message message;
	struct form form;
};

static void free_posting(struct posting *posting)
{
	message_release(&posting->message);
	form_release(&posting->form);
	free(posting);
}

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

static void on_answered(void *ctx, struct response *response)
{
	struct posting *posting = ctx;
	struct problem problem;

	switch (posting->post.outcome) {
	case POST_STORED:
	case POST_REPEATED:
		send_message(response, &posting->post.entry.event);
		break;
	case POST_CONFLICT:
		problem_set(&problem, 422, "Idempotency-Key",
			    "the key was used for another message");
		response_problem(response, &problem);
		break;
	case POST_WAITING:
	case POST_UNAVAILABLE:
	default:
		problem_set(&problem, 503, NULL,
			    "the message was not committed in time: "
			    "repeat it with the same key");
		response_problem(response, &problem);
		break;
	}
	free_posting(posting);
}

void messages_post(const struct call *call)
{
	struct posting *posting = xmalloc(sizeof(*posting));
	const struct request *request = call->request;
	struct problem problem;

	*posting = (struct posting){ .message.storage = BUF_INIT,
				     .form = FORM_INIT };
	if (form_body_parse(&posting->form, request, &problem) == -1 ||
	    message_init(&posting->message, &posting->form,
			 request->idempotency_key, call->context->limits,
			 &problem) == -1) {
		response_problem(call->response, &problem);
		free_posting(posting);
		return;
	}
	fill_post(&posting->post, &posting->message, request->request_id);
	*call->deferred = (struct deferred_answer){
		.committer = call->context->committers[0],
		.submission = { .posts = &posting->post, .count = 1 },
		.answer = on_answered,
		.ctx = posting,
		.is_brief = posting->message.storage.len < BRIEF_BYTES,
	};
}
