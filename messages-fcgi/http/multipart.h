/* SPDX-License-Identifier: MIT
 *
 * multipart/form-data (RFC 7578, RFC 2046 § 5.1) out of memory. Pure.
 *
 * No library in Debian parses it from memory. Others are parts of web servers,
 * or MIME parsers for mail, which repair malformed input; here it is refused.
 */
#ifndef MESSAGES_FCGI_HTTP_MULTIPART_H
#define MESSAGES_FCGI_HTTP_MULTIPART_H

#include "messages-fcgi/http/form.h"

/* Parses body into an empty form; content_type is the request's header,
 * which names the boundary. A part with a file name is a field like any
 * other. 0, or -1 and the reason, static memory, in *why. */
int multipart_parse(struct form *form, struct span content_type,
		    struct span body, const char **why) MUST_CHECK;

#endif
