/* SPDX-License-Identifier: MIT
 *
 * Parses request lines and fields.
 */
#include "common/base/http_head.h"

#include <strings.h>

bool http_head_is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!http_head_is_token_char(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* Whether s can stand in a header's value: RFC 9110 § 5.5. */
static bool is_field_value(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct span trim_blanks(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 &&
	       (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Returns the part of s before the first c, and in *rest the part after it. If
 * there is no c, returns s, and *rest is absent. */
static struct span split_at(struct span s, char c, struct span *rest)
{
	const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

	*rest = span_of(NULL, 0);
	if (at == NULL)
		return s;
	*rest = span_of(at + 1, s.len - (size_t)(at - s.ptr) - 1);
	return span_of(s.ptr, (size_t)(at - s.ptr));
}

static int parse_request_line(struct span line, struct http_head *head)
{
	struct span version;
	size_t i;

	head->method = split_at(line, ' ', &line);
	head->target = split_at(line, ' ', &version);
	if (!is_token(head->method) || version.ptr == NULL ||
	    !span_starts(head->target, "/"))
		return 400;
	for (i = 0; i < head->target.len; i++) {
		unsigned char c = (unsigned char)head->target.ptr[i];

		if (c <= 0x20 || c >= 0x7f)
			return 400;
	}
	head->is_1_0 = span_is(version, "HTTP/1.0");
	if (head->is_1_0 || span_is(version, "HTTP/1.1"))
		return 0;
	return version.len == 8 && span_starts(version, "HTTP/") ? 505 : 400;
}

/* Takes a line that ends in CR LF off *in: 0; -1 if no line ends yet; 400 for a
 * line that ends in LF alone. */
static int take_head_line(struct span *in, struct span *line)
{
	const char *end = memchr(in->ptr, '\n', in->len);

	if (end == NULL)
		return -1;
	if (end == in->ptr || end[-1] != '\r')
		return 400;
	*line = span_of(in->ptr, (size_t)(end - in->ptr) - 1);
	in->len -= (size_t)(end + 1 - in->ptr);
	in->ptr = end + 1;
	return 0;
}

int http_head_line(struct span *in, struct http_head *head)
{
	struct span line;
	int status = take_head_line(in, &line);

	return status != 0 ? status : parse_request_line(line, head);
}

int http_head_field(struct span *in, struct span *name, struct span *value)
{
	struct span line;
	int status = take_head_line(in, &line);

	if (status != 0)
		return status;
	if (line.len == 0) {
		*name = *value = span_of(NULL, 0);
		return 0;
	}
	/* a name is a token: no blank before the colon, no folded lines */
	*name = split_at(line, ':', value);
	if (value->ptr == NULL || !is_token(*name) || !is_field_value(*value))
		return 400;
	*value = trim_blanks(*value);
	return 0;
}

bool http_head_is(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

struct span http_head_part(struct span *list, char separator)
{
	return trim_blanks(split_at(*list, separator, list));
}

bool http_head_has(struct span list, const char *word)
{
	while (list.ptr != NULL)
		if (http_head_is(http_head_part(&list, ','), word))
			return true;
	return false;
}

const char *http_head_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 426:
		return "Upgrade Required";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}
