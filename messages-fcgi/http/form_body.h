/* SPDX-License-Identifier: MIT
 *
 * The fields of a posted form: urlencoded, multipart or JSON.
 */
#ifndef MESSAGES_FCGI_HTTP_FORM_BODY_H
#define MESSAGES_FCGI_HTTP_FORM_BODY_H

#include "messages-fcgi/http/form.h"
#include "messages-fcgi/http/problem.h"
#include "messages-fcgi/http/request.h"

/* Fills an empty form. 0, or -1 and the problem, a 400, 411, 413 or 415. The
 * form's spans may point into the request. */
int form_body_parse(struct form *form, const struct request *request,
		    struct problem *problem) MUST_CHECK;

#endif
