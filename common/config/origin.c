/* SPDX-License-Identifier: MIT
 *
 * Compares bytes and decodes nothing, so an origin has only one spelling.
 */
#include "common/config/origin.h"

#include "common/base/text.h"

#define SEPARATORS ", \t"

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* Takes the part before the first of these characters off *s. */
static struct span take_before(struct span *s, const char *chars)
{
	struct span taken = *s;
	size_t len = 0;

	while (len < s->len && strchr(chars, s->ptr[len]) == NULL)
		len++;
	taken.len = len;
	*s = span_of(s->ptr + len, s->len - len);
	return taken;
}

static bool is_label(struct span label)
{
	size_t i;

	for (i = 0; i < label.len; i++)
		if (!is_label_char(label.ptr[i]))
			return false;
	return label.len > 0;
}

/* Takes a host of labels, '*' among them, or an address in brackets. */
static bool take_host(struct span *s)
{
	if (s->len > 0 && s->ptr[0] == '[') {
		take_before(s, "]");
		if (s->len == 0)
			return false;
		*s = span_of(s->ptr + 1, s->len - 1);
		return true;
	}
	for (;;) {
		struct span label = take_before(s, ".:/");

		if (!is_label(label) && !span_is(label, "*"))
			return false;
		if (s->len == 0 || s->ptr[0] != '.')
			return true;
		*s = span_of(s->ptr + 1, s->len - 1);
	}
}

/* Whether s can follow the host: it is empty, or a port other than the default
 * one. */
static bool is_port_suffix(struct span s, const char *implied)
{
	int64_t port;

	if (s.len == 0)
		return true;
	if (s.ptr[0] != ':' || span_is(s, implied))
		return false;
	s = span_of(s.ptr + 1, s.len - 1);
	return s.len > 0 && s.ptr[0] > '0' && s.ptr[0] <= '9' &&
	       text_parse_int(s, &port) == 0 && port <= 65535;
}

static bool is_origin_pattern(struct span s)
{
	const char *implied = span_starts(s, "https:")  ? ":443"
			      : span_starts(s, "http:") ? ":80"
							: "";
	struct span scheme = take_before(&s, ":");

	if (!is_label(scheme) || !span_starts(s, "://"))
		return false;
	s = span_of(s.ptr + 3, s.len - 3);
	return take_host(&s) && is_port_suffix(s, implied);
}

/* Takes the next item off *list; absent at its end. */
static struct span take_origin(const char **list)
{
	struct span item;

	*list += strspn(*list, SEPARATORS);
	item = span_of(*list, strcspn(*list, SEPARATORS));
	*list += item.len;
	return item.len > 0 ? item : span_of(NULL, 0);
}

const char *origin_check_list(const char *list)
{
	struct span item;

	while ((item = take_origin(&list)).ptr != NULL)
		if (!is_origin_pattern(item))
			return "has an item that is not an origin: "
			       "https://host[:port], in lower case, a label "
			       "of the host may be *";
	return NULL;
}

static bool matches_pattern(struct span origin, struct span pattern)
{
	size_t at = 0, i;

	for (i = 0; i < pattern.len; i++) {
		size_t start = at;

		if (pattern.ptr[i] != '*') {
			if (at == origin.len ||
			    origin.ptr[at] != pattern.ptr[i])
				return false;
			at++;
			continue;
		}
		while (at < origin.len && is_label_char(origin.ptr[at]))
			at++;
		if (at == start)
			return false;
	}
	return at == origin.len;
}

bool origin_is_listed(struct span origin, const char *list)
{
	struct span item;

	while ((item = take_origin(&list)).ptr != NULL)
		if (matches_pattern(origin, item))
			return true;
	return false;
}
