/* SPDX-License-Identifier: MIT
 *
 * The rules for reading: any client may read public channels with a history; a
 * client with a grant may read the channel of the grant. Knows neither FastCGI
 * nor SQL.
 */
#include "messages-fcgi/api/messages_get.h"

#include "common/base/clock.h"
#include "common/config/channel_name.h"
#include "common/wire/auth.h"

static int parse_channel(const struct app *app, const struct form *form,
			 struct span *channel, struct problem *problem)
{
	const struct form_field *field = form_find(form, "channel");

	*channel =
		field != NULL ? field->value : span_str(CHANNEL_NAME_DEFAULT);
	if (!channel_name_is_valid(*channel))
		return problem_set(problem, 400, "channel",
				   "channel is not a valid channel name");
	if (!app_is_durable(app, *channel))
		return problem_set(problem, 403, "channel",
				   "this channel is not open for reading");
	return 0;
}

static int check_grant(const struct app *app, struct span channel,
		       struct span grant, struct problem *problem)
{
	if (grant.len == 0)
		return problem_set(problem, 401, "Pushlog-Grant",
				   "this channel is read with a grant, which "
				   "comes with the subscription to it");
	if (!auth_check_grant(app, channel, grant, clock_wall_s()))
		return problem_set(problem, 403, "Pushlog-Grant",
				   "the grant has expired, or is not one for "
				   "this channel");
	return 0;
}

static int parse_messages_get(const struct app *app,
			      const struct request *request, struct form *form,
			      struct history_ask *ask, struct problem *problem)
{
	const char *why;

	if (form_parse_urlencoded(form, request->query, &why) == -1)
		return problem_set(problem, 400, NULL,
				   "the query does not parse: %s", why);
	if (range_parse(&ask->query, form, problem) == -1)
		return -1;
	if (parse_channel(app, form, &ask->channel, problem) == -1)
		return -1;
	ask->is_private = !channel_name_is_public(ask->channel);
	if (!ask->is_private)
		return 0;
	return check_grant(app, ask->channel, request->grant, problem);
}

void messages_get(const struct call *call)
{
	const struct app *app = call->context->page;
	struct history_ask ask = { .app = app->id };
	struct form form = FORM_INIT;
	struct problem problem;

	if (parse_messages_get(app, call->request, &form, &ask, &problem) == -1)
		response_problem(call->response, &problem);
	else
		history_answer(&call->context->history, &ask, call->request,
			       call->response);
	form_release(&form);
}
