/* SPDX-License-Identifier: MIT
 *
 * What an app's server may read: any of its channels that has a history. Knows
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

static void answer_events_get(const struct history *history,
			      const struct app *app, struct span channel,
			      const struct form *query,
			      const struct request *request,
			      struct response *response)
{
	struct history_ask ask = { .app = app->id,
				   .channel = channel,
				   .is_private = true };
	struct problem problem;

	if (check_history_channel(app, channel, &problem) == -1 ||
	    range_parse(&ask.query, query, &problem) == -1)
		response_problem(response, &problem);
	else
		history_answer(history, &ask, request, response);
}

void events_get(const struct events_get *self, struct span app_id,
		struct span channel, const struct request *request,
		struct response *response)
{
	struct api_error error = { .text = BUF_INIT };
	struct form query = FORM_INIT;
	const struct app *app =
		app_request_check(self->apps, app_id, request, &query, &error);

	if (app != NULL)
		answer_events_get(self->history, app, channel, &query, request,
				  response);
	else
		response_fault(response, &error);
	form_release(&query);
	api_error_release(&error);
}
