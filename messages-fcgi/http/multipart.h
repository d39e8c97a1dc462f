/* SPDX-License-Identifier: MIT
 *
 * multipart/form-data (RFC 7578, RFC 2046 § 5.1) out of memory. Pure.
 *
 * No library of Debian's parses it from memory: those that can parse it are
 * web servers, or MIME parsers that take mail from a stream and repair what is
 * malformed, which is the opposite of what is wanted here.
 */
#ifndef MESSAGES_FCGI_HTTP_MULTIPART_H
#define MESSAGES_FCGI_HTTP_MULTIPART_H

#include "messages-fcgi/http/form.h"

/* Parses body into an empty form; content_type is the request's header, of
 * which the boundary is taken. A part with a file name is a field like any
 * other. 0, or -1 and the reason, static memory, in *why. */
int multipart_parse(struct form *form, struct span content_type,
		    struct span body, const char **why) MUST_CHECK;

#endif
