/* SPDX-License-Identifier: MIT
 *
 * Text from outside: is it UTF-8, is it a number. Pure.
 */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
 * U+10FFFF. The empty span is valid. */
bool text_is_utf8(struct span s);

/* A decimal whole number, all of s: an optional '-', then digits. 0 and the
 * number in *n; -1 when s is anything else or does not fit. */
int text_parse_int(struct span s, int64_t *n) MUST_CHECK;

/* As text_parse_int, of a C string, and within min … max. */
int text_parse_range(const char *s, int64_t min, int64_t max,
		     int64_t *n) MUST_CHECK;

/* Code points of what is valid UTF-8. */
size_t text_count_characters(struct span s);

/* Whether s is not empty and contains only these characters. */
bool text_is_made_of(const char *s, const char *chars);

/* Of a hexadecimal digit, either case; -1 for any other character. */
int text_hex_value(char c);

#endif
