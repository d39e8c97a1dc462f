/* SPDX-License-Identifier: MIT
 *
 * Checks bytes from outside: UTF-8, numbers.
 */
#include "common/base/text.h"

/* Length of the UTF-8 sequence at p, 0 if it is invalid: RFC 3629 § 4. */
static size_t sequence_len(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > left)
		return 0;

	/* the bounds of the second byte exclude overlong forms, surrogates
	 * and code points above U+10FFFF */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool text_is_utf8(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t at = 0, len;

	while (at < s.len) {
		len = sequence_len(p + at, s.len - at);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

int text_parse_int(struct span s, int64_t *n)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	size_t i = negative ? 1 : 0;
	int64_t value = 0;

	if (i == s.len)
		return -1;
	/* negative until the end, because -INT64_MIN does not fit */
	for (; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, s.ptr[i] - '0', &value))
			return -1;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, value, &value))
		return -1;
	*n = value;
	return 0;
}

int text_parse_range(const char *s, int64_t min, int64_t max, int64_t *n)
{
	int64_t value;

	if (text_parse_int(span_str(s), &value) == -1 || value < min ||
	    value > max)
		return -1;
	*n = value;
	return 0;
}

size_t text_count_characters(struct span s)
{
	size_t count = 0, i;

	for (i = 0; i < s.len; i++)
		count += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return count;
}

bool text_is_made_of(const char *s, const char *chars)
{
	return s[0] != '\0' && s[strspn(s, chars)] == '\0';
}

int text_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
