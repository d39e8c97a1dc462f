/* SPDX-License-Identifier: MIT
 *
 * Checks and parses text from outside: UTF-8, numbers. Pure.
 */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* Whether s is valid UTF-8 (RFC 3629): no overlong forms, no surrogates,
 * nothing above U+10FFFF. The empty span is valid. */
bool text_is_utf8(struct span s);

/* Parses s as a decimal whole number: an optional '-', then digits. 0 and the
 * number in *n; -1 if s is anything else or does not fit. */
int text_parse_int(struct span s, int64_t *n) MUST_CHECK;

/* The same for a C string and a number from min to max. */
int text_parse_range(const char *s, int64_t min, int64_t max,
		     int64_t *n) MUST_CHECK;

/* The number of code points in s, which must be valid UTF-8. */
size_t text_count_characters(struct span s);

/* Whether s is not empty and contains only these characters. */
bool text_is_made_of(const char *s, const char *chars);

/* The value of a hexadecimal digit in either case; -1 for other characters. */
int text_hex_value(char c);

#endif
