/* SPDX-License-Identifier: MIT
 *
 * A scan that refuses the faults that json-c accepts, and the escaping of
 * strings.
 */
#include "common/base/json.h"

#include <json-c/json_tokener.h>
#include <stdint.h>

#include "common/base/text.h"

/*
 * The scan walks the text once, from `at` to `end`. Each function consumes one
 * production of RFC 8259 and moves `at` behind it, or returns an error.
 */
struct scan {
	const char *at, *end;
	int depth;
};

static const char *scan_value(struct scan *s);

static void skip_blank(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
				  *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool take_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

static bool take_digits(struct scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

static const char *scan_number(struct scan *s)
{
	take_char(s, '-');
	if (!take_char(s, '0') && !take_digits(s))
		return "not a JSON value";
	if (take_char(s, '.') && !take_digits(s))
		return "a number ends in its decimal point";
	if (take_char(s, 'e') || take_char(s, 'E')) {
		if (!take_char(s, '+'))
			take_char(s, '-');
		if (!take_digits(s))
			return "a number ends in its exponent";
	}
	return NULL;
}

/* The value of the four digits after \u; -1 if they are missing. */
static int take_hex4(struct scan *s)
{
	int code = 0, i, value;

	if (s->end - s->at < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		value = text_hex_value(s->at[i]);
		if (value == -1)
			return -1;
		code = code * 16 + value;
	}
	s->at += 4;
	return code;
}

static const char *scan_unicode_escape(struct scan *s)
{
	int code = take_hex4(s);

	if (code == -1)
		return "\\u without four hexadecimal digits";
	if (code == 0)
		return "a string contains NUL";
	if (code >= 0xdc00 && code <= 0xdfff)
		return "a lone surrogate";
	if (code < 0xd800 || code > 0xdbff)
		return NULL;
	if (!take_word(s, "\\u"))
		return "a lone surrogate";
	code = take_hex4(s);
	return code >= 0xdc00 && code <= 0xdfff ? NULL : "a lone surrogate";
}

static const char *scan_escape(struct scan *s)
{
	if (take_char(s, 'u'))
		return scan_unicode_escape(s);
	if (s->at == s->end || *s->at == '\0' ||
	    strchr("\"\\/bfnrt", *s->at) == NULL)
		return "an unknown escape in a string";
	s->at++;
	return NULL;
}

static const char *scan_string(struct scan *s)
{
	const char *why;

	if (!take_char(s, '"'))
		return "a string is missing";
	while (s->at < s->end) {
		unsigned char c = (unsigned char)*s->at++;

		if (c == '"')
			return NULL;
		if (c < 0x20)
			return "a raw control character in a string";
		if (c == '\\' && (why = scan_escape(s)) != NULL)
			return why;
	}
	return "a string has no end";
}

static const char *scan_array(struct scan *s)
{
	const char *why;

	skip_blank(s);
	if (take_char(s, ']'))
		return NULL;
	do {
		if ((why = scan_value(s)) != NULL)
			return why;
	} while (take_char(s, ','));
	return take_char(s, ']') ? NULL : "an array has no end";
}

static const char *scan_object(struct scan *s)
{
	const char *why;

	skip_blank(s);
	if (take_char(s, '}'))
		return NULL;
	do {
		skip_blank(s);
		if ((why = scan_string(s)) != NULL)
			return why;
		skip_blank(s);
		if (!take_char(s, ':'))
			return "a colon is missing";
		if ((why = scan_value(s)) != NULL)
			return why;
	} while (take_char(s, ','));
	return take_char(s, '}') ? NULL : "an object has no end";
}

static const char *scan_nested(struct scan *s)
{
	const char *why;

	if (++s->depth > JSON_DEPTH_MAX)
		return "nested too deeply";
	why = *s->at++ == '{' ? scan_object(s) : scan_array(s);
	s->depth--;
	return why;
}

/* One value and the blanks around it. */
static const char *scan_value(struct scan *s)
{
	const char *why = NULL;

	skip_blank(s);
	if (s->at == s->end)
		return "a value is missing";
	if (*s->at == '{' || *s->at == '[')
		why = scan_nested(s);
	else if (*s->at == '"')
		why = scan_string(s);
	else if (!take_word(s, "true") && !take_word(s, "false") &&
		 !take_word(s, "null"))
		why = scan_number(s);
	if (why == NULL)
		skip_blank(s);
	return why;
}

const char *json_scan(struct span text)
{
	struct scan s = { text.ptr, text.ptr + text.len, 0 };
	const char *why;

	if (text.len == 0)
		return "empty";
	if (!text_is_utf8(text))
		return "not valid UTF-8";
	why = scan_value(&s);
	if (why == NULL && s.at < s.end)
		why = "more than one value";
	return why;
}

/* json-c keeps one member for each key; if it has fewer members than the text
 * has keys, a key is repeated. Only the outermost object is checked: of nested
 * ones the programs use the signed text alone. */
static size_t count_keys(struct span text)
{
	struct scan s = { text.ptr, text.ptr + text.len, 0 };
	size_t keys = 0;

	skip_blank(&s);
	s.at++;
	skip_blank(&s);
	if (take_char(&s, '}'))
		return 0;
	do {
		skip_blank(&s);
		if (scan_string(&s) != NULL)
			return 0;
		skip_blank(&s);
		take_char(&s, ':');
		if (scan_value(&s) != NULL)
			return 0;
		keys++;
	} while (take_char(&s, ','));
	return keys;
}

int json_parse_object(struct span s, struct json_object **object,
		      const char **why)
{
	struct json_tokener *tokener;
	struct json_object *parsed;

	*why = json_scan(s);
	if (*why != NULL)
		return -1;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	if (tokener == NULL) {
		*why = "out of memory";
		return -1;
	}
	/* Not strict: json-c 0.18 would refuse all strings beyond ASCII, and
	 * numbers beyond 64 bits. The scan has refused everything else. */
	parsed = json_tokener_parse_ex(tokener, s.ptr, (int)s.len);
	json_tokener_free(tokener);
	if (!json_object_is_type(parsed, json_type_object))
		*why = "not an object";
	else if ((size_t)json_object_object_length(parsed) != count_keys(s))
		*why = "a repeated key";
	if (*why != NULL) {
		json_object_put(parsed);
		return -1;
	}
	*object = parsed;
	return 0;
}

struct span json_get_string(struct json_object *object, const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return span_of(NULL, 0);
	return span_of(json_object_get_string(member),
		       (size_t)json_object_get_string_len(member));
}

struct span json_get_text(struct span text, const char *key)
{
	struct scan s = { text.ptr, text.ptr + text.len, 0 };

	skip_blank(&s);
	s.at++;
	do {
		struct span name, value;

		skip_blank(&s);
		name.ptr = s.at + 1;
		if (scan_string(&s) != NULL)
			break;
		name.len = (size_t)(s.at - 1 - name.ptr);
		skip_blank(&s);
		take_char(&s, ':');
		skip_blank(&s);
		value.ptr = s.at;
		if (scan_value(&s) != NULL)
			break;
		value.len = (size_t)(s.at - value.ptr);
		while (strchr(" \t\n\r", value.ptr[value.len - 1]) != NULL)
			value.len--;
		if (span_is(name, key))
			return value;
	} while (take_char(&s, ','));
	return span_of(NULL, 0);
}

/* The letter after the backslash; 'u' for a control character without one; 0
 * for a character that needs no escape. */
static char escape_letter(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c < 0x20 ? 'u' : 0;
	}
}

void json_add_escaped(struct buf *buf, struct span s)
{
	static const char hex[] = "0123456789abcdef";
	/* the longest escape, \u001f, has six bytes */
	char *start = buf_reserve(buf, s.len * 6), *at = start;
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char letter = escape_letter(c);

		if (letter == 0) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '\\';
		*at++ = letter;
		if (letter == 'u') {
			*at++ = '0';
			*at++ = '0';
			*at++ = hex[c >> 4];
			*at++ = hex[c & 15];
		}
	}
	buf->len += (size_t)(at - start);
}

void json_add_string(struct buf *buf, struct span s)
{
	buf_add_char(buf, '"');
	json_add_escaped(buf, s);
	buf_add_char(buf, '"');
}
