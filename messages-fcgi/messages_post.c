/* SPDX-License-Identifier: MIT
 *
 * A request becomes a message, the message a post, its outcome a response.
 * Knows neither FastCGI nor SQL.
 */
#include "messages-fcgi/messages_post.h"

#include <assert.h>
#include <strings.h>

#include "common/crypto.h"
#include "messages-fcgi/multipart.h"
#include "messages-fcgi/stats.h"

static_assert(MESSAGE_KEY_BYTES == ENTRY_KEY_BYTES,
	      "a message's key is the log's");

static bool is_type(struct span content_type, const char *type)
{
	size_t len = strlen(type);
	size_t end = 0;

	while (end < content_type.len && content_type.ptr[end] != ';' &&
	       content_type.ptr[end] != ' ' && content_type.ptr[end] != '\t')
		end++;
	return end == len && strncasecmp(content_type.ptr, type, len) == 0;
}

static int check_body(enum request_body state, struct problem *problem)
{
	switch (state) {
	case REQUEST_BODY_OK:
		return 0;
	case REQUEST_BODY_NO_LENGTH:
		return problem_set(problem, 411, "Content-Length",
				   "Content-Length is missing");
	case REQUEST_BODY_TOO_LARGE:
		return problem_set(problem, 413, NULL,
				   "the body is larger than any message");
	case REQUEST_BODY_BAD:
	default:
		return problem_set(problem, 400, "Content-Length",
				   "the body is not as long as Content-Length "
				   "says");
	}
}

static int parse_form(struct form *form, const struct request *request,
		      struct problem *problem)
{
	struct span type = request->content_type, body;
	const char *why = NULL;
	int result;

	body = buf_span(&request->body);
	if (is_type(type, "application/x-www-form-urlencoded"))
		result = form_parse_urlencoded(form, body, &why);
	else if (is_type(type, "multipart/form-data"))
		result = multipart_parse(form, type, body, &why);
	else if (is_type(type, "application/json"))
		result = form_parse_json(form, body, &why);
	else
		return problem_set(problem, 415, "Content-Type",
				   "the body must be a form, urlencoded or "
				   "multipart/form-data, or application/json");
	if (result == -1)
		return problem_set(problem, 400, NULL,
				   "the body does not parse: %s", why);
	return 0;
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
	static const struct response_head head = { .status = 200,
						   .type = "application/json",
						   .cache = "no-store" };
	struct buf body = BUF_INIT;

	event_add_message(&body, event);
	response_send(response, &head, buf_span(&body));
	buf_release(&body);
}

static int store(const struct messages_post *self,
		 const struct request *request, const struct message *message,
		 struct post *post, struct problem *problem)
{
	fill_post(post, message, request->request_id);
	switch (committer_post(self->committer, post)) {
	case POST_STORED:
		metric_add(&stats()->posts[STATS_STORED], 1);
		return 0;
	case POST_REPEATED:
		metric_add(&stats()->posts[STATS_REPEATED], 1);
		return 0;
	case POST_CONFLICT:
		metric_add(&stats()->posts[STATS_CONFLICT], 1);
		return problem_set(problem, 422, "Idempotency-Key",
				   "the key was used for another message");
	case POST_WAITING:
	case POST_UNAVAILABLE:
	default:
		metric_add(&stats()->posts[STATS_UNAVAILABLE], 1);
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

	if (check_body(request->body_state, &problem) == -1 ||
	    parse_form(&form, request, &problem) == -1 ||
	    message_init(&message, &form, request->idempotency_key,
			 &self->limits, &problem) == -1 ||
	    store(self, request, &message, &post, &problem) == -1)
		response_problem(response, &problem);
	else
		send_message(response, &post.entry.event);
	message_release(&message);
	form_release(&form);
}
