/* SPDX-License-Identifier: MIT
 *
 * Parses the head of an HTTP/1 request in place: RFC 9112. It is strict,
 * because a proxy in front may read a malformed request differently. Pure.
 */
#ifndef COMMON_BASE_HTTP_HEAD_H
#define COMMON_BASE_HTTP_HEAD_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* The spans point into the parsed bytes. */
struct http_head {
	struct span method;
	struct span target; /* path and query, starts with '/' */
	bool is_1_0;        /* HTTP/1.0; else HTTP/1.1 */
};

/* Takes the request line off *in: 0; -1 if more bytes are needed; or the status
 * of the refusal, 400 or 505. */
int http_head_line(struct span *in, struct http_head *head) MUST_CHECK;

/* Takes a field off *in: 0; -1 if more bytes are needed; or 400. At the end of
 * the head *name is absent. */
int http_head_field(struct span *in, struct span *name,
		    struct span *value) MUST_CHECK;

/* Whether c may be part of a method or of a field's name: RFC 9110 § 5.6.2. */
bool http_head_is_token_char(char c);

/* Whether s is word in any case, as names and many values are compared. */
bool http_head_is(struct span s, const char *word);

/* Takes the next part off *list, up to the separator or the end, and returns it
 * without the blanks around it. After the last part *list is absent. */
struct span http_head_part(struct span *list, char separator);

/* Whether a comma-separated list contains word, in any case. */
bool http_head_has(struct span list, const char *word);

/* The reason phrase of status 200, 400, 403, 404, 405, 426, 431, 503 or 505. */
const char *http_head_reason(int status);

#endif
