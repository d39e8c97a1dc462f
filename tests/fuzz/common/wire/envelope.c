/* SPDX-License-Identifier: MIT
 *
 * common/wire/envelope: a decoded envelope lies within the payload and survives
 * a round trip; a topic with a key begins with the prefix.
 */
#include "common/wire/envelope.h"

#include "tests/fuzz/fuzz.h"

static const struct span absent = { NULL, 0 };

static bool is_within(struct span part, struct span whole)
{
	return part.ptr == NULL ||
	       (part.ptr >= whole.ptr &&
		part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_decoded(struct span payload, const struct envelope *envelope)
{
	struct envelope again;
	struct buf buf = BUF_INIT;

	MUST(is_within(envelope->epoch, payload));
	MUST(is_within(envelope->exclude, payload));
	MUST(is_within(envelope->event, payload));
	MUST(envelope->event.ptr + envelope->event.len ==
	     payload.ptr + payload.len);
	MUST(envelope->id >= 0);
	MUST((envelope->id > 0) == (envelope->epoch.ptr != NULL));
	envelope_encode(&buf, envelope);
	MUST(envelope_decode(buf_span(&buf), &again) == ENVELOPE_OK);
	MUST(again.id == envelope->id);
	MUST(span_equal(again.epoch, envelope->epoch));
	MUST(span_equal(again.exclude, envelope->exclude));
	MUST(span_equal(again.event, envelope->event));
	buf_release(&buf);
}

/* Any bytes may be an event: they are unchanged after a round trip. */
static void check_event(struct span event)
{
	struct envelope out = { absent, 0, absent, event }, in;
	struct buf buf = BUF_INIT;

	envelope_encode(&buf, &out);
	MUST(envelope_decode(buf_span(&buf), &in) == ENVELOPE_OK);
	MUST(in.event.len == event.len && in.id == 0);
	MUST(event.len == 0 || span_equal(in.event, event));
	buf_release(&buf);
}

static void check_topic(struct span topic)
{
	struct span key = envelope_topic_key(topic, "pushlog");

	if (key.ptr == NULL)
		return;
	MUST(is_within(key, topic) && key.len > 0);
	MUST(span_starts(topic, "pushlog:"));
	MUST(topic.len == strlen("pushlog:") + key.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);
	struct envelope envelope;

	if (envelope_decode(s, &envelope) == ENVELOPE_OK)
		check_decoded(s, &envelope);
	check_event(s);
	check_topic(s);
	return 0;
}
