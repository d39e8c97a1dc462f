/* SPDX-License-Identifier: MIT
 *
 * Problem details: the one shape of every error body. Knows neither FastCGI
 * nor where the fault was found.
 */
#include "messages-fcgi/http/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/json.h"

static const struct {
	int status;
	const char *title;
} titles[PROBLEM_STATUSES] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 503, "Service Unavailable" },
};

int problem_status(size_t i)
{
	return titles[i].status;
}

const char *problem_title(int status)
{
	size_t i;

	for (i = 0; i < PROBLEM_STATUSES; i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

int problem_set(struct problem *problem, int status, const char *param,
		const char *detail, ...)
{
	va_list ap;

	*problem = (struct problem){ .status = status, .param = param };
	va_start(ap, detail);
	vsnprintf(problem->detail, sizeof(problem->detail), detail, ap);
	va_end(ap);
	return -1;
}

void problem_encode(struct buf *buf, const struct problem *problem)
{
	buf_add_str(buf, "{\"title\":");
	json_add_string(buf, span_str(problem_title(problem->status)));
	buf_add_str(buf, ",\"status\":");
	buf_add_int(buf, problem->status);
	if (problem->param != NULL) {
		buf_add_str(buf, ",\"param\":");
		json_add_string(buf, span_str(problem->param));
	}
	buf_add_str(buf, ",\"detail\":");
	json_add_string(buf, span_str(problem->detail));
	buf_add_str(buf, problem->members);
	buf_add_char(buf, '}');
}
