/* SPDX-License-Identifier: MIT
 *
 * Whether a path is one of a form. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_PATH_PATTERN_H
#define MESSAGES_FCGI_HTTP_PATH_PATTERN_H

#include <stdbool.h>

#include "common/base/span.h"

/* The most asterisks that a form has. */
#define PATH_PATTERN_PARTS_MAX 2

/* What stands where the form has its asterisks. */
struct path_pattern_parts {
	struct span parts[PATH_PATTERN_PARTS_MAX];
};

/* An asterisk in form stands for one or more characters up to the next slash;
 * two, behind which there are no more, for one or more of any kind. Parts that
 * the form has not are absent. */
bool path_pattern_match(struct span path, const char *form,
			struct path_pattern_parts *parts);

#endif
