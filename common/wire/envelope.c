/* SPDX-License-Identifier: MIT
 *
 * Encodes and decodes the header line and the names in Redis.
 */
#include "common/wire/envelope.h"

#include "common/base/text.h"

void envelope_encode(struct buf *buf, const struct envelope *envelope)
{
	buf_add_int(buf, ENVELOPE_VERSION);
	buf_add_char(buf, ' ');
	buf_add_span(buf, envelope->id ? envelope->epoch : span_str("-"));
	buf_add_char(buf, ' ');
	buf_add_int(buf, envelope->id);
	buf_add_char(buf, ' ');
	buf_add_span(buf,
		     envelope->exclude.len ? envelope->exclude : span_str("-"));
	buf_add_char(buf, '\n');
	buf_add_span(buf, envelope->event);
}

/* Takes the part before the delimiter off *rest; -1 if it is empty or there is
 * no delimiter. */
static int take_header_field(struct span *rest, char delimiter,
			     struct span *field)
{
	const char *end;

	if (rest->len == 0)
		return -1;
	end = memchr(rest->ptr, delimiter, rest->len);
	if (end == NULL || end == rest->ptr)
		return -1;
	*field = span_of(rest->ptr, (size_t)(end - rest->ptr));
	rest->len -= field->len + 1;
	rest->ptr = end + 1;
	return 0;
}

enum envelope_result envelope_decode(struct span payload,
				     struct envelope *envelope)
{
	struct span version, header, epoch, id, exclude;
	int64_t number;

	if (take_header_field(&payload, '\n', &header) == -1 ||
	    take_header_field(&header, ' ', &version) == -1 ||
	    text_parse_int(version, &number) == -1)
		return ENVELOPE_BAD;
	if (number != ENVELOPE_VERSION)
		return ENVELOPE_UNKNOWN;

	exclude = header;
	if (take_header_field(&exclude, ' ', &epoch) == -1 ||
	    take_header_field(&exclude, ' ', &id) == -1 || exclude.len == 0 ||
	    memchr(exclude.ptr, ' ', exclude.len) != NULL ||
	    text_parse_int(id, &envelope->id) == -1 || envelope->id < 0 ||
	    span_is(epoch, "-") != (envelope->id == 0))
		return ENVELOPE_BAD;
	envelope->epoch = envelope->id ? epoch : span_of(NULL, 0);
	envelope->exclude = span_is(exclude, "-") ? span_of(NULL, 0) : exclude;
	envelope->event = payload;
	return ENVELOPE_OK;
}

void envelope_add_topic(struct buf *buf, const char *prefix, const char *app,
			struct span channel)
{
	buf_add_str(buf, prefix);
	buf_add_char(buf, ':');
	buf_add_str(buf, app);
	buf_add_char(buf, ':');
	buf_add_span(buf, channel);
}

void envelope_add_cache_key(struct buf *buf, const char *prefix,
			    const char *app, struct span channel)
{
	buf_addf(buf, "%s:cache:%s:", prefix, app);
	buf_add_span(buf, channel);
}

struct span envelope_topic_key(struct span topic, const char *prefix)
{
	size_t len = strlen(prefix);

	if (topic.len <= len + 1 || !span_starts(topic, prefix) ||
	    topic.ptr[len] != ':')
		return span_of(NULL, 0);
	return span_of(topic.ptr + len + 1, topic.len - len - 1);
}
