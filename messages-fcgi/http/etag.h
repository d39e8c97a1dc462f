/* SPDX-License-Identifier: MIT
 *
 * Entity tags (RFC 9110 § 8.8.3, § 13.1.2). Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_ETAG_H
#define MESSAGES_FCGI_HTTP_ETAG_H

#include <stdbool.h>

#include "common/base/span.h"

/* Whether the value of an If-None-Match names tag, which includes its quotes.
 * Compared weakly, as this header asks for: gzip makes a tag weak on its way.
 * False for an absent or malformed header. */
bool etag_matches(struct span if_none_match, struct span tag);

#endif
