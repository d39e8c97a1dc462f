/* SPDX-License-Identifier: MIT
 *
 * What anyone may read: the public channels with a history. Knows neither
 * FastCGI nor SQL.
 */
#include "messages-fcgi/messages_get.h"

#include "common/channel_name.h"

static int parse_channel(const struct app *app, const struct form *form,
			 struct span *channel, struct problem *problem)
{
	const struct form_field *field = form_find(form, "channel");

	*channel =
		field != NULL ? field->value : span_str(CHANNEL_NAME_DEFAULT);
	if (!channel_name_is_valid(*channel))
		return problem_set(problem, 400, "channel",
				   "channel is not a valid channel name");
	if (!channel_name_is_public(*channel) || !app_is_durable(app, *channel))
		return problem_set(problem, 403, "channel",
				   "this channel is not open for reading");
	return 0;
}

static int parse(const struct app *app, const struct request *request,
		 struct form *form, struct history_ask *ask,
		 struct problem *problem)
{
	const char *why;

	if (form_parse_urlencoded(form, request->query, &why) == -1)
		return problem_set(problem, 400, NULL,
				   "the query does not parse: %s", why);
	if (range_parse(&ask->query, form, problem) == -1)
		return -1;
	return parse_channel(app, form, &ask->channel, problem);
}

void messages_get(const struct messages_get *self,
		  const struct request *request, struct response *response)
{
	struct history_ask ask = { .app = self->app->id };
	struct form form = FORM_INIT;
	struct problem problem;

	if (parse(self->app, request, &form, &ask, &problem) == -1)
		response_problem(response, &problem);
	else
		history_answer(self->history, &ask, request, response);
	form_release(&form);
}
