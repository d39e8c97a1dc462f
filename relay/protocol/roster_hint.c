/* SPDX-License-Identifier: MIT
 *
 * A hint is a word, a blank and the rest, which may hold any bytes.
 */
#include "relay/protocol/roster_hint.h"

#include "common/base/text.h"

static const struct {
	const char *word;
	enum roster_hint_kind kind;
	int64_t n;
} words[] = {
	{ "members ", ROSTER_HINT_MEMBERS, 0 },
	{ "count ", ROSTER_HINT_COUNT, 0 },
	{ "online ", ROSTER_HINT_USER, 1 },
	{ "offline ", ROSTER_HINT_USER, 0 },
	{ "terminate ", ROSTER_HINT_TERMINATE, 0 },
};

/* Cuts n off the end of the key. The key itself may hold blanks, because a
 * user's own channel is named after the user's id. */
static int take_count(struct roster_hint *hint)
{
	const char *blank = memrchr(hint->key.ptr, ' ', hint->key.len);
	size_t len;

	if (blank == NULL)
		return -1;
	len = (size_t)(blank - hint->key.ptr);
	if (text_parse_int(span_of(blank + 1, hint->key.len - len - 1),
			   &hint->n) == -1)
		return -1;
	hint->key.len = len;
	return 0;
}

int roster_hint_parse(struct span text, struct roster_hint *hint)
{
	size_t i, len;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!span_starts(text, words[i].word))
			continue;
		len = strlen(words[i].word);
		*hint = (struct roster_hint){
			.kind = words[i].kind,
			.key = span_of(text.ptr + len, text.len - len),
			.n = words[i].n,
		};
		return hint->kind == ROSTER_HINT_COUNT ? take_count(hint) : 0;
	}
	return -1;
}
