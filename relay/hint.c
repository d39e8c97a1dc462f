/* SPDX-License-Identifier: MIT
 *
 * Words with a blank in between; a user's name is the rest, whatever is in it.
 */
#include "relay/hint.h"

#include "common/text.h"

/* Takes the word at the start of *text, and the blank behind it; all of it if
 * there is none. */
static struct span take_word(struct span *text)
{
	const char *blank = memchr(text->ptr, ' ', text->len);
	struct span word = *text;

	if (blank != NULL)
		word.len = (size_t)(blank - text->ptr);
	text->ptr += word.len + (blank != NULL);
	text->len -= word.len + (blank != NULL);
	return word;
}

int hint_parse(struct span text, struct hint *hint)
{
	struct span kind;

	*hint = (struct hint){ .n = 0 };
	if (text.len == 0)
		return -1;
	kind = take_word(&text);
	if (span_is(kind, "members")) {
		hint->kind = HINT_MEMBERS;
		hint->key = text;
		return 0;
	}
	if (span_is(kind, "count")) {
		hint->kind = HINT_COUNT;
		hint->key = take_word(&text);
		return text_parse_int(text, &hint->n);
	}
	hint->app = take_word(&text);
	if (span_is(kind, "user")) {
		hint->kind = HINT_USER;
		if (text_parse_int(take_word(&text), &hint->n) == -1)
			return -1;
		hint->user = text;
		return 0;
	}
	hint->kind = HINT_TERMINATE;
	hint->user = text;
	return span_is(kind, "terminate") ? 0 : -1;
}
