/* SPDX-License-Identifier: MIT
 *
 * Questions of an app's server to the roster, and its answers as JSON.
 */
#include "messages-fcgi/api/channels_get.h"

#include "common/base/json.h"
#include "common/config/channel_name.h"
#include "messages-fcgi/api/app_request.h"
#include "messages-fcgi/api/channel_info.h"

/* A request that was checked. */
struct ask {
	struct roster_reader *roster;
	const struct app *app;
	const struct form *query;
	struct span name; /* of a channel or a user; else absent */
};

/* Adds the body of the answer. */
typedef int answer_fn(const struct ask *ask, struct buf *body,
		      struct api_error *error);

static struct span find_value(const struct form *query, const char *name)
{
	const struct form_field *field = form_find(query, name);

	return field != NULL ? field->value : span_of("", 0);
}

/* -1 if Redis is unavailable. */
static int query_roster(const struct ask *ask, const struct span *words,
			size_t count, struct roster_answer **answer,
			struct api_error *error)
{
	*answer = roster_reader_ask(ask->roster, words, count);
	if (*answer == NULL)
		return api_error_set(error, 503,
				     "Presence is temporarily unavailable");
	return 0;
}

static bool is_presence(struct span channel)
{
	return channel_name_kind(channel) == CHANNEL_NAME_PRESENCE;
}

/* ---- many channels ---- */

static int check_wanted(const struct ask *ask, unsigned *wanted,
			struct api_error *error)
{
	struct span unknown =
		channel_info_parse(find_value(ask->query, "info"), wanted);

	if (unknown.ptr == NULL)
		return 0;
	api_error_set(error, 400, "info cannot be ");
	json_add_string(&error->text, unknown);
	return -1;
}

static int list_channels(const struct ask *ask, struct buf *body,
			 struct api_error *error)
{
	struct span prefix = find_value(ask->query, "filter_by_prefix");
	const struct span words[] = { span_str("channels"),
				      span_str(ask->app->id), prefix };
	struct roster_answer *answer;
	unsigned wanted;
	size_t i;

	if (check_wanted(ask, &wanted, error) == -1)
		return -1;
	if ((wanted & CHANNEL_INFO_USERS) && !is_presence(prefix))
		return api_error_set(
			error, 400,
			"user_count may only be requested for "
			"presence channels: please supply "
			"filter_by_prefix beginning with presence-");
	if (wanted & CHANNEL_INFO_CACHE)
		return api_error_set(
			error, 400,
			"cache may only be requested for one channel");
	if (query_roster(ask, words, 3, &answer, error) == -1)
		return -1;
	buf_add_str(body, "{\"channels\":{");
	for (i = 0; i + 2 < roster_answer_count(answer); i += 3) {
		const struct channel_info info = {
			.users = roster_answer_number(answer, i + 1),
			.subscribers = roster_answer_number(answer, i + 2),
		};
		bool is_first = true;

		if (i > 0)
			buf_add_char(body, ',');
		json_add_string(body, roster_answer_text(answer, i));
		buf_add_str(body, ":{");
		channel_info_add(body, &info, wanted, &is_first);
		buf_add_char(body, '}');
	}
	buf_add_str(body, "}}");
	roster_answer_free(answer);
	return 0;
}

/* ---- one channel ---- */

static int check_channel_name(struct span name, struct api_error *error)
{
	if (!channel_name_is_valid(name) && channel_name_user(name).ptr == NULL)
		return api_error_set(error, 400, "Invalid channel name");
	return 0;
}

static int describe_channel(const struct ask *ask, struct buf *body,
			    struct api_error *error)
{
	const struct span words[] = { span_str("channel"),
				      span_str(ask->app->id), ask->name };
	struct channel_info info = { .users = 0 };
	struct roster_answer *answer;
	bool is_first = false;
	unsigned wanted;

	if (check_channel_name(ask->name, error) == -1 ||
	    check_wanted(ask, &wanted, error) == -1)
		return -1;
	if ((wanted & CHANNEL_INFO_USERS) && !is_presence(ask->name))
		return api_error_set(error, 400,
				     "user_count may only be requested for "
				     "presence channels");
	if ((wanted & CHANNEL_INFO_CACHE) && !channel_name_is_cache(ask->name))
		return api_error_set(error, 400,
				     "cache may only be requested for cache "
				     "channels");
	if (query_roster(ask, words, 3, &answer, error) == -1)
		return -1;
	info.users = roster_answer_number(answer, 0);
	info.subscribers = roster_answer_number(answer, 1);
	if (roster_answer_count(answer) > 3) {
		info.cached_s = roster_answer_number(answer, 2);
		info.cached = roster_answer_text(answer, 3);
	}
	buf_add_str(body, info.subscribers > 0 ? "{\"occupied\":true"
					       : "{\"occupied\":false");
	channel_info_add(body, &info, wanted, &is_first);
	buf_add_char(body, '}');
	roster_answer_free(answer);
	return 0;
}

static int list_users(const struct ask *ask, struct buf *body,
		      struct api_error *error)
{
	const struct span words[] = { span_str("users"), span_str(ask->app->id),
				      ask->name };
	struct roster_answer *answer;
	size_t i;

	if (check_channel_name(ask->name, error) == -1)
		return -1;
	if (!is_presence(ask->name))
		return api_error_set(error, 400,
				     "Users may only be requested for presence "
				     "channels");
	if (query_roster(ask, words, 3, &answer, error) == -1)
		return -1;
	buf_add_str(body, "{\"users\":[");
	for (i = 0; i < roster_answer_count(answer); i++) {
		buf_add_str(body, i > 0 ? ",{\"id\":" : "{\"id\":");
		json_add_string(body, roster_answer_text(answer, i));
		buf_add_char(body, '}');
	}
	buf_add_str(body, "]}");
	roster_answer_free(answer);
	return 0;
}

/* ---- users ---- */

static int terminate_user(const struct ask *ask, struct buf *body,
			  struct api_error *error)
{
	const struct span words[] = { span_str("terminate"),
				      span_str(ask->app->id), ask->name };
	struct roster_answer *answer;

	if (query_roster(ask, words, 3, &answer, error) == -1)
		return -1;
	roster_answer_free(answer);
	buf_add_str(body, "{}");
	return 0;
}

/* ---- the routes ---- */

static void answer_request(const struct call *call, answer_fn *fn)
{
	struct api_error error = { .text = BUF_INIT };
	struct form query = FORM_INIT;
	struct buf body = BUF_INIT;
	struct ask ask = { .roster = call->context->roster,
			   .query = &query,
			   .name = call->path.parts[1] };

	ask.app = app_request_check(call, &query, &error);
	if (ask.app != NULL && fn(&ask, &body, &error) == 0)
		response_json(call->response, buf_span(&body));
	else
		response_fault(call->response, &error);
	buf_release(&body);
	form_release(&query);
	api_error_release(&error);
}

void channels_get(const struct call *call)
{
	answer_request(call, list_channels);
}

void channels_get_one(const struct call *call)
{
	answer_request(call, describe_channel);
}

void channels_get_users(const struct call *call)
{
	answer_request(call, list_users);
}

void channels_terminate_user(const struct call *call)
{
	answer_request(call, terminate_user);
}
