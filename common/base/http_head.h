/* SPDX-License-Identifier: MIT
 *
 * The head of an HTTP/1 request, taken apart in place: RFC 9112. Strict, as
 * what stands in front may read a request differently. Pure.
 */
#ifndef COMMON_BASE_HTTP_HEAD_H
#define COMMON_BASE_HTTP_HEAD_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* Borrowed from the bytes that were parsed. */
struct http_head {
	struct span method;
	struct span target; /* path and query, starts with '/' */
	bool is_1_0;        /* HTTP/1.0; else HTTP/1.1 */
};

/* Takes the request line off *in: 0; -1 if more bytes are needed; or the
 * status to refuse with, 400 or 505. */
int http_head_line(struct span *in, struct http_head *head) MUST_CHECK;

/* Takes a field off *in: 0, -1 or 400. name is absent when there is none left:
 * the head ends there. */
int http_head_field(struct span *in, struct span *name,
		    struct span *value) MUST_CHECK;

/* Whether c may stand in a method or in the name of a field: RFC 9110 § 5.6.2.
 */
bool http_head_is_token_char(char c);

/* Names and many values know no case. */
bool http_head_is(struct span s, const char *word);

/* Takes the next part off *list, up to the separator or the end, without the
 * blanks around it. *list is absent when that was the last. */
struct span http_head_part(struct span *list, char separator);

/* Whether a comma-separated list holds the word. */
bool http_head_has(struct span list, const char *word);

/* The phrase behind a status that a request head is answered with: 200, 400,
 * 404, 405, 426, 431, 503, 505. */
const char *http_head_reason(int status);

#endif
