/* SPDX-License-Identifier: MIT
 *
 * Socket ids, as text and as a number.
 */
#include "relay/socket_id.h"

#include "common/text.h"

uint64_t socket_id_parse(struct span s)
{
	const char *dot = s.len > 0 ? memchr(s.ptr, '.', s.len) : NULL;
	int64_t high, low;
	size_t at;

	if (dot == NULL)
		return 0;
	at = (size_t)(dot - s.ptr);
	if (text_parse_int(span_of(s.ptr, at), &high) == -1 ||
	    text_parse_int(span_of(dot + 1, s.len - at - 1), &low) == -1 ||
	    high < 0 || high > UINT32_MAX || low < 0 || low > UINT32_MAX)
		return 0;
	return (uint64_t)high << 32 | (uint64_t)low;
}

void socket_id_add(struct buf *buf, uint64_t socket_id)
{
	buf_add_int(buf, (int64_t)(socket_id >> 32));
	buf_add_char(buf, '.');
	buf_add_int(buf, (int64_t)(socket_id & UINT32_MAX));
}
