/* SPDX-License-Identifier: MIT
 *
 * Turns a request into events. Durable events, in channels with a history, go
 * into the log, and from there to Redis. Plain events go to Redis alone, at
 * most once. Knows neither FastCGI nor SQL.
 *
 *     check all events -> check that Redis accepts plain ones -> commit the
 *     durable ones -> publish the plain ones -> answer
 *
 * So any answer but 200 means that no plain event was sent.
 */
#include "messages-fcgi/api/events_post.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/base/json.h"
#include "messages-fcgi/api/app_request.h"
#include "messages-fcgi/api/channel_info.h"
#include "messages-fcgi/api/message.h"
#include "messages-fcgi/api/trigger.h"
#include "messages-fcgi/log/batch.h"

typedef int init_fn(struct trigger *trigger, struct span body,
		    const struct app *app, struct api_error *error);

/* A request that has passed the checks. */
struct delivery {
	const struct call_context *context;
	const struct app *app;
	struct trigger trigger;
	bool is_batch;
	struct post posts[TRIGGER_EVENTS_MAX]; /* the durable events */
	size_t post_count;
};

static void free_delivery(struct delivery *delivery)
{
	trigger_release(&delivery->trigger);
	free(delivery);
}

static struct event event_of(const struct trigger_event *event)
{
	return (struct event){ .channel = event->channel,
			       .event = event->name,
			       .data = event->data,
			       .exclude = event->socket_id };
}

static size_t count_durable(const struct trigger *trigger,
			    const struct app *app)
{
	size_t count = 0, i;

	for (i = 0; i < trigger->count; i++)
		count += app_is_durable(app, trigger->events[i].channel);
	return count;
}

/* ---- into the log ---- */

/* Each event of a request has a key of its own, because several may be in one
 * channel. */
static void set_key(uint8_t key[ENTRY_KEY_BYTES],
		    const uint8_t request_key[MESSAGE_KEY_BYTES], size_t i)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct buf buf = BUF_INIT;

	buf_add(&buf, "event", sizeof("event"));
	buf_add(&buf, request_key, MESSAGE_KEY_BYTES);
	buf_add_int(&buf, (int64_t)i);
	crypto_sha256(buf_span(&buf), digest);
	memcpy(key, digest, ENTRY_KEY_BYTES);
	buf_release(&buf);
}

static void fill_posts(struct delivery *delivery, const struct request *request)
{
	const struct trigger *trigger = &delivery->trigger;
	uint8_t key[MESSAGE_KEY_BYTES];
	size_t count = 0, i;

	if (!message_key(request->idempotency_key, request->request_id, key))
		crypto_random(key, sizeof(key));
	for (i = 0; i < trigger->count; i++) {
		struct entry *entry = &delivery->posts[count].entry;

		if (!app_is_durable(delivery->app, trigger->events[i].channel))
			continue;
		entry->event = event_of(&trigger->events[i]);
		set_key(entry->key, key, i);
		count++;
	}
}

/* 0 if all durable events are in the log. */
static int judge_posts(const struct delivery *delivery, struct api_error *error)
{
	bool is_conflict = false;
	size_t i;

	for (i = 0; i < delivery->post_count; i++) {
		if (delivery->posts[i].outcome == POST_UNAVAILABLE)
			return api_error_set(
				error, 503,
				"The event was not committed in time: "
				"repeat it with the same "
				"Idempotency-Key");
		if (delivery->posts[i].outcome == POST_CONFLICT)
			is_conflict = true;
	}
	if (is_conflict)
		return api_error_set(error, 422,
				     "The Idempotency-Key was used for another "
				     "event");
	return 0;
}

/* ---- to Redis ---- */

static void publish(struct publisher *publisher, const struct trigger *trigger,
		    const struct app *app)
{
	struct event events[TRIGGER_EVENTS_MAX];
	const struct event *list[TRIGGER_EVENTS_MAX];
	size_t count = 0, i;

	for (i = 0; i < trigger->count; i++) {
		if (app_is_durable(app, trigger->events[i].channel))
			continue;
		events[count] = event_of(&trigger->events[i]);
		list[count] = &events[count];
		count++;
	}
	publisher_publish(publisher, app->id, span_of(NULL, 0), list, count);
}

/* ---- the answer ---- */

/* Two numbers for each event. NULL if none are wanted or Redis is unavailable:
 * the events were sent, so the answer is a success without numbers. */
static struct roster_answer *ask_counts(struct roster_reader *roster,
					const struct trigger *trigger,
					const struct app *app)
{
	struct span words[2 + TRIGGER_EVENTS_MAX];
	size_t i;

	if (!trigger->wants_info)
		return NULL;
	words[0] = span_str("counts");
	words[1] = span_str(app->id);
	for (i = 0; i < trigger->count; i++)
		words[2 + i] = trigger->events[i].channel;
	return roster_reader_ask(roster, words, 2 + trigger->count);
}

static void add_info(struct buf *buf, const struct trigger_event *event,
		     const struct roster_answer *counts, size_t i)
{
	struct channel_info info = { .users = 0 };
	bool is_first = true;

	buf_add_char(buf, '{');
	if (counts != NULL) {
		info.users = roster_answer_number(counts, 2 * i);
		info.subscribers = roster_answer_number(counts, 2 * i + 1);
		channel_info_add(buf, &info, event->wanted, &is_first);
	}
	buf_add_char(buf, '}');
}

static void add_channels(struct buf *buf, const struct trigger *trigger,
			 const struct roster_answer *counts)
{
	size_t i;

	buf_add_str(buf, "{\"channels\":{");
	for (i = 0; i < trigger->count; i++) {
		if (i > 0)
			buf_add_char(buf, ',');
		json_add_string(buf, trigger->events[i].channel);
		buf_add_char(buf, ':');
		add_info(buf, &trigger->events[i], counts, i);
	}
	buf_add_str(buf, "}}");
}

static void add_batch(struct buf *buf, const struct trigger *trigger,
		      const struct roster_answer *counts)
{
	size_t i;

	buf_add_str(buf, "{\"batch\":[");
	for (i = 0; i < trigger->count; i++) {
		if (i > 0)
			buf_add_char(buf, ',');
		add_info(buf, &trigger->events[i], counts, i);
	}
	buf_add_str(buf, "]}");
}

static void send_infos(const struct delivery *delivery,
		       struct response *response)
{
	const struct trigger *trigger = &delivery->trigger;
	struct roster_answer *counts =
		ask_counts(delivery->context->roster, trigger, delivery->app);
	struct buf body = BUF_INIT;

	if (!trigger->wants_info)
		buf_add_str(&body, "{}");
	else if (delivery->is_batch)
		add_batch(&body, trigger, counts);
	else
		add_channels(&body, trigger, counts);
	response_json(response, buf_span(&body));
	buf_release(&body);
	roster_answer_free(counts);
}

/* Runs once all durable events are in the log. */
static void finish(struct delivery *delivery, struct response *response)
{
	if (delivery->post_count < delivery->trigger.count)
		publish(delivery->context->publisher, &delivery->trigger,
			delivery->app);
	send_infos(delivery, response);
}

static void on_answered(void *ctx, struct response *response)
{
	struct delivery *delivery = ctx;
	struct api_error error = { .text = BUF_INIT };

	if (judge_posts(delivery, &error) == 0)
		finish(delivery, response);
	else
		response_fault(response, &error);
	api_error_release(&error);
	free_delivery(delivery);
}

static int check_key(struct span key, struct api_error *error)
{
	if (key.len > MESSAGE_CLIENT_KEY_MAX)
		return api_error_set(error, 400,
				     "Idempotency-Key is longer than %d bytes",
				     MESSAGE_CLIENT_KEY_MAX);
	return 0;
}

/* Makes all checks that need no commit. */
static int init_delivery(struct delivery *delivery, const struct call *call,
			 init_fn *parse, struct api_error *error)
{
	const struct trigger *trigger = &delivery->trigger;
	const struct request *request = call->request;
	struct form query = FORM_INIT;

	delivery->app = app_request_check(call, &query, error);
	form_release(&query);
	if (delivery->app == NULL ||
	    parse(&delivery->trigger, buf_span(&request->body), delivery->app,
		  error) == -1 ||
	    check_key(request->idempotency_key, error) == -1)
		return -1;
	delivery->post_count = count_durable(trigger, delivery->app);
	if (delivery->post_count < trigger->count &&
	    !publisher_is_ready(call->context->publisher))
		return api_error_set(error, 503,
				     "Events can't be delivered at the moment");
	return 0;
}

static void start_delivery(struct delivery *delivery, const struct call *call)
{
	const struct call_context *context = call->context;
	size_t app = (size_t)(delivery->app - context->apps->all);

	if (delivery->post_count == 0) {
		finish(delivery, call->response);
		free_delivery(delivery);
		return;
	}
	fill_posts(delivery, call->request);
	*call->deferred = (struct deferred_answer){
		.committer = context->committers[app],
		.submission = { .posts = delivery->posts,
				.count = delivery->post_count },
		.answer = on_answered,
		.ctx = delivery,
	};
}

static void answer_events_post(const struct call *call, init_fn *parse)
{
	struct delivery *delivery = xcalloc(1, sizeof(*delivery));
	struct api_error error = { .text = BUF_INIT };

	delivery->context = call->context;
	delivery->is_batch = parse == trigger_init_batch;
	if (init_delivery(delivery, call, parse, &error) == 0) {
		start_delivery(delivery, call);
	} else {
		response_fault(call->response, &error);
		free_delivery(delivery);
	}
	api_error_release(&error);
}

void events_post(const struct call *call)
{
	answer_events_post(call, trigger_init_event);
}

void events_post_batch(const struct call *call)
{
	answer_events_post(call, trigger_init_batch);
}
