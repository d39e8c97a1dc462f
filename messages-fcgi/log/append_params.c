/* SPDX-License-Identifier: MIT
 *
 * A one-dimensional array in binary form: number of dimensions, whether there
 * are nulls, OID of the element type, length, index of the first element; then
 * each element behind its length, which is -1 for null. All numbers are four
 * bytes, big-endian.
 */
#include "messages-fcgi/log/append_params.h"

#include <arpa/inet.h>
#include <assert.h>

/* OIDs of PostgreSQL's pg_type.dat, which never change */
#define TYPE_BYTEA 17
#define TYPE_TEXT 25

#define PARAM_APP 0
#define PARAM_CHANNEL 1
#define PARAM_KEYS (APPEND_PARAMS - 2)
#define NOT_USED SIZE_MAX

/* The text columns in the order of the function's parameters. The keys stand
 * between the last two. */
static const size_t text_columns[] = {
	offsetof(struct event, channel), offsetof(struct event, event),
	offsetof(struct event, name),    offsetof(struct event, text),
	offsetof(struct event, data),    offsetof(struct event, exclude),
};

static_assert(APPEND_PARAMS ==
		      2 + sizeof(text_columns) / sizeof(text_columns[0]),
	      "the parameters are the app, the text columns and the keys");

static void add_uint32(struct buf *buf, uint32_t n)
{
	uint32_t big_endian = htonl(n);

	buf_add(buf, &big_endian, sizeof(big_endian));
}

static void add_array_start(struct buf *buf, uint32_t type, size_t count)
{
	add_uint32(buf, 1);
	add_uint32(buf, 1);
	add_uint32(buf, type);
	add_uint32(buf, (uint32_t)count);
	add_uint32(buf, 1);
}

static void add_element(struct buf *buf, struct span s)
{
	add_uint32(buf, s.ptr != NULL ? (uint32_t)s.len : UINT32_MAX);
	buf_add_span(buf, s);
}

/* The span that lies offset bytes into an event. */
static struct span span_at(const struct event *event, size_t offset)
{
	struct span s;

	memcpy(&s, (const char *)event + offset, sizeof(s));
	return s;
}

/* Adds a column of the entries. If it is absent in all of them, adds nothing
 * and returns false. */
static bool add_texts(struct buf *buf, struct entry *const *entries,
		      size_t count, size_t offset)
{
	size_t start = buf->len, i;
	bool is_used = false;

	add_array_start(buf, TYPE_TEXT, count);
	for (i = 0; i < count; i++) {
		struct span s = span_at(&entries[i]->event, offset);

		is_used = is_used || s.ptr != NULL;
		add_element(buf, s);
	}
	if (!is_used)
		buf->len = start;
	return is_used;
}

static void add_keys(struct buf *buf, struct entry *const *entries,
		     size_t count)
{
	size_t i;

	add_array_start(buf, TYPE_BYTEA, count);
	for (i = 0; i < count; i++)
		add_element(buf, span_of((const char *)entries[i]->key,
					 ENTRY_KEY_BYTES));
}

void append_params_encode(struct append_params *params, struct buf *buf,
			  const char *app, struct entry *const *entries,
			  size_t count)
{
	size_t starts[APPEND_PARAMS]; /* offsets in buf, which may still move */
	size_t i, text = 0;

	buf_clear(buf);
	params->values[PARAM_APP] = app;
	params->lengths[PARAM_APP] = (int)strlen(app);
	params->formats[PARAM_APP] = 1;
	for (i = PARAM_CHANNEL; i < APPEND_PARAMS; i++) {
		size_t start = buf->len;

		if (i == PARAM_KEYS)
			add_keys(buf, entries, count);
		else if (!add_texts(buf, entries, count, text_columns[text++]))
			start = NOT_USED;
		starts[i] = start;
		params->lengths[i] =
			start != NOT_USED ? (int)(buf->len - start) : 0;
		params->formats[i] = 1;
	}
	for (i = PARAM_CHANNEL; i < APPEND_PARAMS; i++)
		params->values[i] =
			starts[i] != NOT_USED ? buf->data + starts[i] : NULL;
}

void append_params_set_channel(struct append_params *params,
			       struct span channel)
{
	params->values[PARAM_CHANNEL] = channel.ptr;
	params->lengths[PARAM_CHANNEL] = (int)channel.len;
}
