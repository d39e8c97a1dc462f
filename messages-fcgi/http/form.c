/* SPDX-License-Identifier: MIT
 *
 * Fields out of bytes. Knows no field by name and no meaning of any value.
 *
 * decoded is given all the room it can need before the first field points
 * into it, as decoding never makes longer, so it does not move.
 */
#include "messages-fcgi/http/form.h"

#include <json-c/json_object_iterator.h>

#include "common/base/json.h"
#include "common/base/text.h"

void form_release(struct form *form)
{
	buf_release(&form->decoded);
	form->count = 0;
}

int form_add(struct form *form, struct span name, struct span value,
	     const char **why)
{
	if (form->count == FORM_FIELDS_MAX) {
		*why = "too many fields";
		return -1;
	}
	form->fields[form->count++] = (struct form_field){ name, value };
	return 0;
}

const struct form_field *form_find(const struct form *form, const char *name)
{
	size_t i;

	for (i = 0; i < form->count; i++)
		if (span_is(form->fields[i].name, name))
			return &form->fields[i];
	return NULL;
}

/* Adds s decoded to buf and returns where it went; absent if a percent sign
 * starts no escape. */
static struct span percent_decode(struct buf *buf, struct span s)
{
	char *start = buf_reserve(buf, s.len), *at = start;
	size_t i;

	for (i = 0; i < s.len; i++) {
		int high, low;

		if (s.ptr[i] != '%') {
			*at++ = s.ptr[i] == '+' ? ' ' : s.ptr[i];
			continue;
		}
		if (s.len - i < 3)
			return span_of(NULL, 0);
		high = text_hex_value(s.ptr[i + 1]);
		low = text_hex_value(s.ptr[i + 2]);
		if (high == -1 || low == -1)
			return span_of(NULL, 0);
		*at++ = (char)(high * 16 + low);
		i += 2;
	}
	buf->len += (size_t)(at - start);
	return span_of(start, (size_t)(at - start));
}

/* Takes what stands before the separator, or all there is, off *rest. */
static struct span take_until(struct span *rest, char separator)
{
	struct span taken = *rest;
	const char *end = memchr(rest->ptr, separator, rest->len);

	if (end == NULL) {
		*rest = span_of(rest->ptr + rest->len, 0);
		return taken;
	}
	taken.len = (size_t)(end - rest->ptr);
	rest->ptr = end + 1;
	rest->len -= taken.len + 1;
	return taken;
}

int form_parse_urlencoded(struct form *form, struct span s, const char **why)
{
	buf_reserve(&form->decoded, s.len + 1);
	while (s.len > 0) {
		struct span value = take_until(&s, '&'), name;

		if (value.len == 0)
			continue;
		name = percent_decode(&form->decoded, take_until(&value, '='));
		value = percent_decode(&form->decoded, value);
		if (name.ptr == NULL || value.ptr == NULL) {
			*why = "a percent sign without two hexadecimal digits";
			return -1;
		}
		if (form_add(form, name, value, why) == -1)
			return -1;
	}
	return 0;
}

static struct span keep(struct form *form, const char *ptr, size_t len)
{
	char *at = buf_reserve(&form->decoded, len + 1);

	buf_add(&form->decoded, ptr, len);
	return span_of(at, len);
}

static int add_member(struct form *form, const char *name,
		      struct json_object *member, const char **why)
{
	struct span value = span_of(NULL, 0);

	if (json_object_is_type(member, json_type_string))
		value = keep(form, json_object_get_string(member),
			     (size_t)json_object_get_string_len(member));
	return form_add(form, keep(form, name, strlen(name)), value, why);
}

int form_parse_json(struct form *form, struct span s, const char **why)
{
	struct json_object_iterator at, end;
	struct json_object *object;
	int result = 0;

	if (json_parse_object(s, &object, why) == -1)
		return -1;
	buf_reserve(&form->decoded, s.len + 1);
	at = json_object_iter_begin(object);
	end = json_object_iter_end(object);
	while (result == 0 && !json_object_iter_equal(&at, &end)) {
		result = add_member(form, json_object_iter_peek_name(&at),
				    json_object_iter_peek_value(&at), why);
		json_object_iter_next(&at);
	}
	json_object_put(object);
	return result;
}
