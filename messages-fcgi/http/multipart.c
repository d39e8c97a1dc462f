/* SPDX-License-Identifier: MIT
 *
 * The parser for multipart/form-data. Knows no field by name. It reads
 *
 *     preamble CRLF --boundary CRLF
 *     headers CRLF CRLF value CRLF --boundary CRLF
 *     …                       CRLF --boundary-- epilogue
 *
 * where preamble and its CRLF may be missing. A line that starts with
 * --boundary is a delimiter whatever follows (RFC 2046 § 5.1.1), so one that
 * continues with anything but blanks or "--" is malformed.
 */
#include "messages-fcgi/http/multipart.h"

#include <strings.h>

#include "common/base/http_head.h"

#define BOUNDARY_MAX 70 /* RFC 2046 § 5.1.1 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_text(struct span *s, size_t len)
{
	s->ptr += len;
	s->len -= len;
}

static void skip_blanks(struct span *s)
{
	while (s->len > 0 && is_blank(s->ptr[0]))
		skip_text(s, 1);
}

static bool equal_nocase(struct span a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static struct span take_token(struct span *s)
{
	struct span token = span_of(s->ptr, 0);

	while (token.len < s->len && http_head_is_token_char(s->ptr[token.len]))
		token.len++;
	skip_text(s, token.len);
	return token;
}

/* Takes "…" off *s and adds it, with \" and \\ resolved, to decoded; absent
 * if it has no end. Any other backslash stands for itself: it is how some
 * browsers send the paths of files. */
static struct span take_quoted(struct span *s, struct buf *decoded)
{
	char *start = buf_reserve(decoded, s->len), *at = start;
	size_t i;

	for (i = 1; i < s->len && s->ptr[i] != '"'; i++) {
		if (s->ptr[i] == '\\' && s->len - i > 1 &&
		    (s->ptr[i + 1] == '"' || s->ptr[i + 1] == '\\'))
			i++;
		*at++ = s->ptr[i];
	}
	if (i >= s->len)
		return span_of(NULL, 0);
	skip_text(s, i + 1);
	decoded->len += (size_t)(at - start);
	return span_of(start, (size_t)(at - start));
}

/* Takes `; name=value` off *s. 1, 0 at the end, -1 if it is malformed. */
static int take_parameter(struct span *s, struct buf *decoded,
			  struct span *name, struct span *value)
{
	skip_blanks(s);
	if (s->len > 0 && s->ptr[0] != ';')
		return -1;
	while (s->len > 0 && (s->ptr[0] == ';' || is_blank(s->ptr[0])))
		skip_text(s, 1);
	if (s->len == 0)
		return 0;
	*name = take_token(s);
	if (name->len == 0 || s->len == 0 || s->ptr[0] != '=')
		return -1;
	skip_text(s, 1);
	*value = s->len > 0 && s->ptr[0] == '"' ? take_quoted(s, decoded)
						: take_token(s);
	return value->ptr != NULL ? 1 : -1;
}

/* The first parameter of this name in what follows a header's first word;
 * absent if there is none or the header is malformed. */
static struct span find_parameter(struct span s, struct buf *decoded,
				  const char *wanted)
{
	struct span name, value, found = span_of(NULL, 0);
	int result;

	while ((result = take_parameter(&s, decoded, &name, &value)) == 1)
		if (found.ptr == NULL && equal_nocase(name, wanted))
			found = value;
	return result == 0 ? found : span_of(NULL, 0);
}

/* RFC 2046 § 5.1.1, bchars; a blank must not be the last. */
static bool is_boundary(struct span s)
{
	size_t i;

	if (s.len == 0 || s.len > BOUNDARY_MAX || s.ptr[s.len - 1] == ' ')
		return false;
	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("'()+_,-./:=? ", c) == NULL))
			return false;
	}
	return true;
}

/* The walk through a body. */
struct walk {
	struct span rest;
	char delimiter[BOUNDARY_MAX + 4]; /* CRLF--boundary */
	size_t delimiter_len;
};

static int find_boundary(struct walk *walk, struct span content_type,
			 struct buf *decoded)
{
	const char *semicolon = memchr(content_type.ptr, ';', content_type.len);
	struct span boundary;

	if (semicolon == NULL)
		return -1;
	skip_text(&content_type, (size_t)(semicolon - content_type.ptr));
	boundary = find_parameter(content_type, decoded, "boundary");
	if (boundary.ptr == NULL || !is_boundary(boundary))
		return -1;
	memcpy(walk->delimiter, "\r\n--", 4);
	memcpy(walk->delimiter + 4, boundary.ptr, boundary.len);
	walk->delimiter_len = boundary.len + 4;
	return 0;
}

/* Takes what stands before the next delimiter, and the delimiter, off rest;
 * absent if there is none. */
static struct span take_to_delimiter(struct walk *walk)
{
	struct span taken = span_of(NULL, 0);
	const char *at = memmem(walk->rest.ptr, walk->rest.len, walk->delimiter,
				walk->delimiter_len);

	if (at == NULL)
		return taken;
	taken = span_of(walk->rest.ptr, (size_t)(at - walk->rest.ptr));
	skip_text(&walk->rest, taken.len + walk->delimiter_len);
	return taken;
}

static bool skip_preamble(struct walk *walk)
{
	/* at the very start the delimiter needs no CRLF before it */
	size_t len = walk->delimiter_len - 2;

	if (walk->rest.len >= len &&
	    memcmp(walk->rest.ptr, walk->delimiter + 2, len) == 0) {
		skip_text(&walk->rest, len);
		return true;
	}
	return take_to_delimiter(walk).ptr != NULL;
}

/* Takes the rest of a delimiter: 1 a part follows, 0 the end, -1 malformed. */
static int take_delimiter_end(struct walk *walk)
{
	if (span_starts(walk->rest, "--"))
		return 0;
	skip_blanks(&walk->rest);
	if (!span_starts(walk->rest, "\r\n"))
		return -1;
	skip_text(&walk->rest, 2);
	return 1;
}

/* Takes one header line, without its CRLF, off rest. */
static int take_line(struct walk *walk, struct span *line)
{
	const char *end = memmem(walk->rest.ptr, walk->rest.len, "\r\n", 2);

	if (end == NULL)
		return -1;
	*line = span_of(walk->rest.ptr, (size_t)(end - walk->rest.ptr));
	skip_text(&walk->rest, line->len + 2);
	return 0;
}

static const char *read_disposition(struct span value, struct form *form,
				    struct span *name)
{
	if (!equal_nocase(take_token(&value), "form-data"))
		return "a part that is not form-data";
	*name = find_parameter(value, &form->decoded, "name");
	return name->ptr != NULL ? NULL : "a part without a name";
}

static const char *read_header(struct span line, struct form *form,
			       struct span *name)
{
	struct span key = take_token(&line);

	if (key.len == 0 || line.len == 0 || line.ptr[0] != ':')
		return "a malformed header of a part";
	skip_text(&line, 1);
	skip_blanks(&line);
	while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
		line.len--;
	if (equal_nocase(key, "Content-Disposition") && name->ptr == NULL)
		return read_disposition(line, form, name);
	/* RFC 7578 § 4.7: deprecated; no known client sends another */
	if (equal_nocase(key, "Content-Transfer-Encoding") &&
	    !equal_nocase(line, "binary") && !equal_nocase(line, "8bit") &&
	    !equal_nocase(line, "7bit"))
		return "a part with a Content-Transfer-Encoding";
	return NULL;
}

/* Takes one part, up to and with the delimiter behind it. NULL or the reason.
 */
static const char *take_part(struct walk *walk, struct form *form,
			     struct span *name, struct span *value)
{
	struct span line;
	const char *why;

	*name = span_of(NULL, 0);
	for (;;) {
		if (take_line(walk, &line) == -1)
			return "a part's headers have no end";
		if (line.len == 0)
			break;
		why = read_header(line, form, name);
		if (why != NULL)
			return why;
	}
	if (name->ptr == NULL)
		return "a part without Content-Disposition";
	/* of a part without a value, the CRLF of the blank line may be the
	 * delimiter's as well */
	walk->rest.ptr -= 2;
	walk->rest.len += 2;
	*value = take_to_delimiter(walk);
	if (value->ptr == NULL)
		return "a part has no end";
	if (value->len > 0)
		skip_text(value, 2);
	return NULL;
}

int multipart_parse(struct form *form, struct span content_type,
		    struct span body, const char **why)
{
	struct walk walk = { .rest = body };
	struct span name, value;
	int result;

	/* names are decoded into it, each shorter than its header */
	buf_reserve(&form->decoded, content_type.len + body.len + 1);
	*why = "the boundary is missing or malformed";
	if (find_boundary(&walk, content_type, &form->decoded) == -1)
		return -1;
	*why = "the boundary does not occur in the body";
	if (!skip_preamble(&walk))
		return -1;
	while ((result = take_delimiter_end(&walk)) == 1) {
		*why = take_part(&walk, form, &name, &value);
		if (*why != NULL || form_add(form, name, value, why) == -1)
			return -1;
	}
	*why = "a boundary is followed by neither a part nor the end";
	return result;
}
