/* SPDX-License-Identifier: MIT
 *
 * The origins of the pages that may connect, post and read (RFC 6454 § 6), as
 * browsers send them in the header of that name: scheme://host or
 * scheme://host:port, in lower case and without the port that the scheme
 * implies. Pure.
 */
#ifndef COMMON_CONFIG_ORIGIN_H
#define COMMON_CONFIG_ORIGIN_H

#include <stdbool.h>

#include "common/base/span.h"

/* A conf_check_fn. list: origins with commas, and perhaps blanks, in between,
 * in whose hosts a label may be '*': any one label stands for it. */
const char *origin_check_list(const char *list);

/* Whether the list, which was checked, has this origin. "null", which is what
 * many pages may be, is in none. */
bool origin_is_listed(struct span origin, const char *list);

#endif
