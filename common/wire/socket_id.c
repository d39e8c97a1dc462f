/* SPDX-License-Identifier: MIT
 *
 * Converts socket ids between text and number.
 */
#include "common/wire/socket_id.h"

#include "common/base/text.h"

/* Parses a number of 32 bits as buf_add_int writes it: without a sign and
 * without leading zeros. */
static bool parse_half(struct span s, int64_t *n)
{
	if (s.len == 0 || s.ptr[0] == '-' || (s.ptr[0] == '0' && s.len > 1))
		return false;
	return text_parse_int(s, n) == 0 && *n <= UINT32_MAX;
}

uint64_t socket_id_parse(struct span s)
{
	const char *dot = s.len > 0 ? memchr(s.ptr, '.', s.len) : NULL;
	int64_t high, low;
	size_t at;

	if (dot == NULL)
		return 0;
	at = (size_t)(dot - s.ptr);
	if (!parse_half(span_of(s.ptr, at), &high) ||
	    !parse_half(span_of(dot + 1, s.len - at - 1), &low))
		return 0;
	return (uint64_t)high << 32 | (uint64_t)low;
}

void socket_id_add(struct buf *buf, uint64_t socket_id)
{
	buf_add_int(buf, (int64_t)(socket_id >> 32));
	buf_add_char(buf, '.');
	buf_add_int(buf, (int64_t)(socket_id & UINT32_MAX));
}
