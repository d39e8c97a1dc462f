/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/multipart: values lie in the body, in order, and hold no
 * delimiter; what is read, written again, is read as the same. The input is the
 * header's value, a line feed, and the body.
 */
#include "messages-fcgi/http/multipart.h"

#include "tests/fuzz/fuzz.h"

#define TYPE "multipart/form-data; boundary=0-again"

static bool is_same(const struct form *a, const struct form *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (!span_equal(a->fields[i].name, b->fields[i].name) ||
		    !span_equal(a->fields[i].value, b->fields[i].value))
			return false;
	return true;
}

static void add_quoted(struct buf *buf, struct span s)
{
	size_t i;

	buf_add_char(buf, '"');
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_add_char(buf, '\\');
		buf_add_char(buf, s.ptr[i]);
	}
	buf_add_char(buf, '"');
}

/* Written as a client would, with a boundary of ours. */
static void check_again(const struct form *form, struct span body)
{
	struct form again = FORM_INIT;
	struct buf buf = BUF_INIT;
	const char *why;
	size_t i;

	/* a value that holds it can't be written with it */
	if (memmem(body.ptr, body.len, "--0-again", 9) != NULL)
		return;
	for (i = 0; i < form->count; i++) {
		buf_add_str(&buf, "--0-again\r\n"
				  "Content-Disposition: form-data; name=");
		add_quoted(&buf, form->fields[i].name);
		buf_add_str(&buf, "\r\n\r\n");
		buf_add_span(&buf, form->fields[i].value);
		buf_add_str(&buf, "\r\n");
	}
	buf_add_str(&buf, "--0-again--\r\n");
	MUST(multipart_parse(&again, span_str(TYPE), buf_span(&buf), &why) ==
	     0);
	MUST(is_same(form, &again));
	form_release(&again);
	buf_release(&buf);
}

static void check_values(const struct form *form, struct span body)
{
	const char *end = body.ptr;
	size_t i;

	for (i = 0; i < form->count; i++) {
		struct span name = form->fields[i].name;
		struct span value = form->fields[i].value;

		MUST(value.ptr >= end);
		end = value.ptr + value.len;
		/* a delimiter comes behind it */
		MUST(end + 4 < body.ptr + body.len);
		MUST(memcmp(end, "\r\n--", 4) == 0);
		MUST(name.ptr != NULL && name.len < body.len);
		MUST(memmem(name.ptr, name.len, "\r\n", 2) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	const char *line = size > 0 ? memchr(in, '\n', size) : NULL;
	struct form form = FORM_INIT;
	struct span type, body;
	const char *why = NULL;

	if (line == NULL)
		return 0;
	type = span_of(in, (size_t)(line - in));
	body = span_of(line + 1, size - type.len - 1);
	if (multipart_parse(&form, type, body, &why) == 0) {
		check_values(&form, body);
		check_again(&form, body);
	} else {
		MUST(why != NULL);
	}
	MUST(form.count <= FORM_FIELDS_MAX);
	form_release(&form);
	return 0;
}
