/* SPDX-License-Identifier: MIT
 *
 * Lists of entity tags. Knows nothing of what the tags stand for.
 */
#include "messages-fcgi/http/etag.h"

static void skip_etag(struct span *s, size_t len)
{
	s->ptr += len;
	s->len -= len;
}

static void skip_separators(struct span *s)
{
	while (s->len > 0 &&
	       (s->ptr[0] == ' ' || s->ptr[0] == '\t' || s->ptr[0] == ','))
		skip_etag(s, 1);
}

/* Takes one tag, without W/, off *s; absent if there is none. */
static struct span take_tag(struct span *s)
{
	const char *end;
	struct span tag;

	if (span_starts(*s, "W/"))
		skip_etag(s, 2);
	if (s->len < 2 || s->ptr[0] != '"')
		return span_of(NULL, 0);
	end = memchr(s->ptr + 1, '"', s->len - 1);
	if (end == NULL)
		return span_of(NULL, 0);
	tag = span_of(s->ptr, (size_t)(end + 1 - s->ptr));
	skip_etag(s, tag.len);
	return tag;
}

bool etag_matches(struct span if_none_match, struct span tag)
{
	struct span s = if_none_match, given;

	if (s.ptr == NULL)
		return false;
	skip_separators(&s);
	if (s.len > 0 && s.ptr[0] == '*') {
		skip_etag(&s, 1);
		skip_separators(&s);
		return s.len == 0;
	}
	while (s.len > 0) {
		given = take_tag(&s);
		if (given.ptr == NULL)
			return false;
		if (span_equal(given, tag))
			return true;
		skip_separators(&s);
	}
	return false;
}
