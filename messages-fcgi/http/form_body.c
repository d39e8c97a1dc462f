/* SPDX-License-Identifier: MIT
 *
 * A request's body as a form, whichever of the three encodings it has. Knows no
 * field by name.
 */
#include "messages-fcgi/http/form_body.h"

#include <strings.h>

#include "messages-fcgi/http/multipart.h"

static bool is_type(struct span content_type, const char *type)
{
	size_t len = strlen(type);
	size_t end = 0;

	while (end < content_type.len && content_type.ptr[end] != ';' &&
	       content_type.ptr[end] != ' ' && content_type.ptr[end] != '\t')
		end++;
	return end == len && strncasecmp(content_type.ptr, type, len) == 0;
}

static int check_form_body(enum request_body state, struct problem *problem)
{
	switch (state) {
	case REQUEST_BODY_OK:
		return 0;
	case REQUEST_BODY_NO_LENGTH:
		return problem_set(problem, 411, "Content-Length",
				   "Content-Length is missing");
	case REQUEST_BODY_TOO_LARGE:
		return problem_set(problem, 413, NULL, "the body is too large");
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

int form_body_parse(struct form *form, const struct request *request,
		    struct problem *problem)
{
	if (check_form_body(request->body_state, problem) == -1)
		return -1;
	return parse_form(form, request, problem);
}
