/* SPDX-License-Identifier: MIT
 *
 * common/base/json: json-c parses every text that the scan accepts, and to
 * values of the same types; escaped strings pass the scan; strings survive a
 * round trip.
 */
#include "common/base/json.h"

#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>
#include <string.h>

#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

/* json-c accepts every text that the scan accepts, of any type. */
static void check_json_c_agrees(struct span s)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	struct json_object *value;
	struct buf line = BUF_INIT;

	/* json-c ends a number only at a following character */
	buf_add_span(&line, s);
	buf_add_char(&line, '\n');
	value = json_tokener_parse_ex(tokener, line.data, (int)line.len);
	MUST(json_tokener_get_error(tokener) == json_tokener_success);
	json_object_put(value);
	json_tokener_free(tokener);
	buf_release(&line);
}

/* json_get_text finds each member, unless its key is written with escapes, and
 * returns one value of the same type without blanks around it. */
static void check_texts(struct span text, struct json_object *object)
{
	json_object_object_foreach(object, key, member)
	{
		struct span value = json_get_text(text, key);

		if (value.ptr == NULL) {
			MUST(memchr(text.ptr, '\\', text.len) != NULL);
			continue;
		}
		MUST(value.ptr > text.ptr &&
		     value.ptr + value.len < text.ptr + text.len);
		MUST(json_scan(value) == NULL);
		MUST((value.ptr[0] == '{') ==
		     json_object_is_type(member, json_type_object));
		MUST((value.ptr[0] == '"') ==
		     json_object_is_type(member, json_type_string));
		MUST((unsigned char)value.ptr[0] > ' ' &&
		     (unsigned char)value.ptr[value.len - 1] > ' ');
	}
}

/* Each string of the object is the same after it was written and parsed. */
static void check_strings(struct json_object *object)
{
	struct json_object *again;
	struct buf buf = BUF_INIT;
	const char *why;

	json_object_object_foreach(object, key, member)
	{
		struct span value = json_get_string(object, key);

		MUST((value.ptr != NULL) ==
		     json_object_is_type(member, json_type_string));
		MUST(text_is_utf8(span_str(key)) && text_is_utf8(value));
		buf_clear(&buf);
		buf_add_char(&buf, '{');
		json_add_string(&buf, span_str(key));
		buf_add_char(&buf, ':');
		json_add_string(&buf, value);
		buf_add_char(&buf, '}');
		MUST(json_parse_object(buf_span(&buf), &again, &why) == 0);
		MUST(span_equal(
			json_get_string(again, key),
			span_of(value.ptr ? value.ptr : "", value.len)));
		json_object_put(again);
	}
	buf_release(&buf);
}

static void check_escaping(struct span s)
{
	struct buf buf = BUF_INIT;
	bool has_nul = memchr(s.ptr, '\0', s.len) != NULL;

	json_add_string(&buf, s);
	MUST(buf.len >= s.len + 2);
	MUST((json_scan(buf_span(&buf)) == NULL) ==
	     (text_is_utf8(s) && !has_nul));
	buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);
	struct json_object *object = NULL;
	const char *refused = json_scan(s), *why = "unset";
	bool is_object = json_parse_object(s, &object, &why) == 0;

	MUST(is_object == (why == NULL));
	MUST(!is_object || refused == NULL);
	if (refused == NULL)
		check_json_c_agrees(s);
	else
		MUST(why == refused);
	if (is_object) {
		MUST(json_object_is_type(object, json_type_object));
		check_strings(object);
		check_texts(s, object);
		json_object_put(object);
	}
	if (size > 0)
		check_escaping(s);
	return 0;
}
