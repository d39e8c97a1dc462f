/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/form: what is read, written again with every byte escaped, is
 * read as the same; decoding never makes longer.
 */
#include "messages-fcgi/http/form.h"

#include "tests/fuzz/fuzz.h"

static void add_escaped(struct buf *buf, struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		buf_addf(buf, "%%%02X", (unsigned char)s.ptr[i]);
}

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

static void check_again(const struct form *form)
{
	struct form again = FORM_INIT;
	struct buf buf = BUF_INIT;
	const char *why;
	size_t i;

	for (i = 0; i < form->count; i++) {
		buf_add_str(&buf, i > 0 ? "&&" : "&");
		add_escaped(&buf, form->fields[i].name);
		buf_add_char(&buf, '=');
		add_escaped(&buf, form->fields[i].value);
	}
	MUST(form_parse_urlencoded(&again, buf_span(&buf), &why) == 0);
	MUST(is_same(form, &again));
	form_release(&again);
	buf_release(&buf);
}

static void check_urlencoded(struct span s)
{
	struct form form = FORM_INIT;
	const char *why = NULL;
	size_t len = 0, i;

	if (form_parse_urlencoded(&form, s, &why) == 0) {
		for (i = 0; i < form.count; i++)
			len += form.fields[i].name.len +
			       form.fields[i].value.len;
		MUST(len <= s.len && len == form.decoded.len);
		check_again(&form);
	} else {
		MUST(why != NULL);
	}
	MUST(form.count <= FORM_FIELDS_MAX);
	form_release(&form);
}

static void check_json(struct span s)
{
	struct form form = FORM_INIT;
	const char *why = NULL;
	size_t i;

	if (form_parse_json(&form, s, &why) == 0) {
		/* names differ, so each finds itself */
		for (i = 0; i < form.count; i++) {
			struct span name = form.fields[i].name;
			char *copy = strndup(name.ptr, name.len);

			MUST(form_find(&form, copy) == &form.fields[i]);
			free(copy);
		}
	} else {
		MUST(why != NULL);
	}
	form_release(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);

	check_urlencoded(s);
	check_json(s);
	return 0;
}
