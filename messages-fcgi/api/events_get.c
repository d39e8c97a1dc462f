/* SPDX-License-Identifier: MIT
 *
 * Reads of an app's server: any channel of the app that has a history. Knows
 * neither FastCGI nor SQL.
 */
#include "messages-fcgi/api/events_get.h"

#include "common/config/channel_name.h"
#include "messages-fcgi/api/app_request.h"

static int check_history_channel(const struct app *app, struct span channel,
				 struct problem *problem)
{
	if (!channel_name_is_valid(channel))
		return problem_set(problem, 400, "channel",
				   "channel is not a valid channel name");
	if (!app_is_durable(app, channel))
		return problem_set(problem, 404, "channel",
				   "this channel has no history");
	return 0;
}

static void answer_events_get(const struct call *call, const struct app *app,
			      const struct form *query)
{
	struct history_ask ask = { .app = app->id,
				   .channel = call->path.parts[1],
				   .is_private = true };
	struct problem problem;

	if (check_history_channel(app, ask.channel, &problem) == -1 ||
	    range_parse(&ask.query, query, &problem) == -1)
		response_problem(call->response, &problem);
	else
		history_answer(&call->context->history, &ask, call->request,
			       call->response);
}

void events_get(const struct call *call)
{
	struct api_error error = { .text = BUF_INIT };
	struct form query = FORM_INIT;
	const struct app *app = app_request_check(call, &query, &error);

	if (app != NULL)
		answer_events_get(call, app, &query);
	else
		response_fault(call->response, &error);
	form_release(&query);
	api_error_release(&error);
}
