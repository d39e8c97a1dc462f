/* SPDX-License-Identifier: MIT
 *
 * Matches a path against a pattern with asterisks. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_PATH_PATTERN_H
#define MESSAGES_FCGI_HTTP_PATH_PATTERN_H

#include <stdbool.h>

#include "common/base/span.h"

/* The maximum number of asterisks in a pattern. */
#define PATH_PATTERN_PARTS_MAX 2

/* The parts of the path at the asterisks. */
struct path_pattern_parts {
	struct span parts[PATH_PATTERN_PARTS_MAX];
};

/* An asterisk in form stands for one or more characters up to the next slash.
 * Two asterisks, which must be the last, stand for one or more characters of
 * any kind. Unused parts are absent. */
bool path_pattern_match(struct span path, const char *form,
			struct path_pattern_parts *parts);

#endif
