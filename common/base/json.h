/* SPDX-License-Identifier: MIT
 *
 * JSON in, by json-c after a strict scan of our own; JSON out, by hand, as the
 * few shapes we write are known. Pure.
 *
 * The scan is there because json-c 0.16 accepts, even when strict, single
 * quotes, NaN, "1.", raw control characters, overlong UTF-8, encoded
 * surrogates, NUL and duplicate keys.
 */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <json-c/json_object.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

/* The messages of both protocols are flat, but what clients say to each other
 * in client events may have any shape. */
#define JSON_DEPTH_MAX 32

/* Whether s is one JSON text (RFC 8259) in valid UTF-8, nested at most
 * JSON_DEPTH_MAX deep, without NUL, lone surrogates or (by json_parse_object)
 * repeated keys. Returns NULL if so, else what is wrong, for an error message;
 * static memory. */
const char *json_scan(struct span s);

/* Parses s, which must hold one object. 0 and the object in *object, which
 * the caller gives back with json_object_put(); or -1 and the reason, static
 * memory, in *why. */
int json_parse_object(struct span s, struct json_object **object,
		      const char **why) MUST_CHECK;

/* A member that is a string: as long as object lives. Absent if it is not
 * there or no string. */
struct span json_get_string(struct json_object *object, const char *key);

/* A member of any type as text has it, without the blanks around it. text is
 * what was parsed to an object. Absent if no key is written so: one that has an
 * escape is not found. */
struct span json_get_text(struct span text, const char *key);

/* Adds s as the inside of a JSON string: " \ and controls are escaped, all
 * else stands as it is. s must be valid UTF-8. */
void json_add_escaped(struct buf *buf, struct span s);

/* The same between quotes. */
void json_add_string(struct buf *buf, struct span s);

#endif
