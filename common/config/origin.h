/* SPDX-License-Identifier: MIT
 *
 * Lists of the origins (RFC 6454 § 6) whose pages may connect, post and read.
 * An origin has the form of the Origin header: scheme://host or
 * scheme://host:port, in lower case, without the default port of the scheme.
 * Pure.
 */
#ifndef COMMON_CONFIG_ORIGIN_H
#define COMMON_CONFIG_ORIGIN_H

#include <stdbool.h>

#include "common/base/span.h"

/* A conf_check_fn. The origins in list are separated by commas or blanks. A
 * label of a host may be '*', which matches any one label. */
const char *origin_check_list(const char *list);

/* Whether list, which has passed origin_check_list, contains the origin. No
 * list contains "null", which many kinds of pages send. */
bool origin_is_listed(struct span origin, const char *list);

#endif
