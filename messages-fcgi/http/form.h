/* SPDX-License-Identifier: MIT
 *
 * Named values out of a query string or a request's body. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_FORM_H
#define MESSAGES_FCGI_HTTP_FORM_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* No route has as many fields; a form with more is refused. */
#define FORM_FIELDS_MAX 32

/* Any bytes: nothing is known of their character set, and a NUL may be among
 * them. */
struct form_field {
	struct span name;
	struct span value; /* absent: it was there, but is no text (JSON) */
};

/* The fields in the order they came in. Spans point into what was parsed or
 * into decoded; both must outlive their use. Start from FORM_INIT, end with
 * form_release. */
struct form {
	struct form_field fields[FORM_FIELDS_MAX];
	size_t count;
	struct buf decoded;
};

#define FORM_INIT                                                              \
	{                                                                      \
		.count = 0, .decoded = BUF_INIT                                \
	}

void form_release(struct form *form);

/* Parse all of s into an empty form. 0, or -1 and the reason, static memory,
 * in *why. */

/* application/x-www-form-urlencoded, the form of query strings too. A percent
 * sign without two hexadecimal digits is an error. */
int form_parse_urlencoded(struct form *form, struct span s,
			  const char **why) MUST_CHECK;

/* One JSON object. */
int form_parse_json(struct form *form, struct span s,
		    const char **why) MUST_CHECK;

/* multipart/form-data is in multipart.h. */

/* The first field of this name, or NULL. */
const struct form_field *form_find(const struct form *form, const char *name);

/* For parsers. -1 and the reason if the form is full. */
int form_add(struct form *form, struct span name, struct span value,
	     const char **why) MUST_CHECK;

#endif
