/* SPDX-License-Identifier: MIT
 *
 * Parses JSON with json-c after a strict scan, and escapes strings for the few
 * shapes of JSON that the programs write themselves. Pure.
 *
 * The scan alone decides what is JSON. json-c accepts single quotes, NaN, "1.",
 * comments, trailing commas, raw control characters, overlong UTF-8, encoded
 * surrogates, NUL and duplicate keys. Its strict mode refuses only some of
 * these, and version 0.18 refuses valid texts in it.
 */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <json-c/json_object.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

/* The messages of both protocols are flat, but the data of client events may be
 * nested. */
#define JSON_DEPTH_MAX 32

/* Checks that s is one JSON text (RFC 8259) in valid UTF-8, nested at most
 * JSON_DEPTH_MAX deep, without NUL and lone surrogates. Returns NULL, or the
 * error as a phrase in static memory. */
const char *json_scan(struct span s);

/* Parses s, which must pass json_scan and be an object without repeated keys.
 * 0, and the caller owns *object and passes it to json_object_put(); or -1 and
 * the error in *why, static memory. */
int json_parse_object(struct span s, struct json_object **object,
		      const char **why) MUST_CHECK;

/* The value of a member that is a string, valid while object lives. Absent if
 * there is no such member or it is no string. */
struct span json_get_string(struct json_object *object, const char *key);

/* The bytes of a member's value in text, without the blanks around them. text
 * must have passed json_parse_object. Absent if no key is spelt like this: a
 * key that is written with escapes is not found. */
struct span json_get_text(struct span text, const char *key);

/* Adds s as the inside of a JSON string: ", \ and control characters are
 * escaped, other characters are copied. s must be valid UTF-8. */
void json_add_escaped(struct buf *buf, struct span s);

/* The same between quotes. */
void json_add_string(struct buf *buf, struct span s);

#endif
