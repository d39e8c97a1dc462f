/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/redis/event_commands: the commands, and where each one ends.
 */
#include "messages-fcgi/redis/event_commands.h"

#include "common/wire/envelope.h"
#include "tests/unit/unit.h"

static struct event event_in(const char *channel)
{
	return (struct event){ .channel = span_str(channel),
			       .id = 7,
			       .event = SPAN("e"),
			       .data = SPAN("d"),
			       .exclude = SPAN("1.2") };
}

/* Adds a word as it stands in a command. */
static void add_word(struct buf *buf, struct span word)
{
	buf_addf(buf, "$%zu\r\n", word.len);
	buf_add_span(buf, word);
	buf_add_str(buf, "\r\n");
}

static void add_payload(struct buf *buf, const struct event *event)
{
	struct buf json = BUF_INIT, payload = BUF_INIT;
	struct envelope envelope = { .epoch = SPAN("epoch"),
				     .id = event->id,
				     .exclude = event->exclude };

	event_encode(&json, event);
	envelope.event = buf_span(&json);
	envelope_encode(&payload, &envelope);
	add_word(buf, buf_span(&payload));
	buf_release(&json);
	buf_release(&payload);
}

static void add_event(struct event_commands *commands, const char *channel)
{
	const struct event event = event_in(channel);

	event_commands_add(commands, "pushlog", "1", SPAN("epoch"), &event);
}

TEST(an_event_is_published)
{
	struct event_commands commands = { .bytes = BUF_INIT };
	const struct event event = event_in("messages");
	struct buf want = BUF_INIT;

	add_event(&commands, "messages");
	buf_add_str(&want, "*3\r\n");
	add_word(&want, SPAN("PUBLISH"));
	add_word(&want, SPAN("pushlog:1:messages"));
	add_payload(&want, &event);
	assert_span(buf_span(&commands.bytes), buf_span(&want));
	buf_release(&want);
	event_commands_release(&commands);
}

TEST(an_event_of_a_cache_channel_is_kept_and_published_by_one_command)
{
	static const char start[] = "*8\r\n$4\r\nEVAL\r\n";
	struct event_commands commands = { .bytes = BUF_INIT };
	const struct event event = event_in("cache-c");
	struct buf want = BUF_INIT, json = BUF_INIT;
	struct span got;

	add_event(&commands, "cache-c");
	got = buf_span(&commands.bytes);
	assert_true(span_starts(got, start));

	event_encode(&json, &event);
	add_word(&want, SPAN("1"));
	add_word(&want, SPAN("pushlog:cache:1:cache-c"));
	add_word(&want, SPAN("pushlog:1:cache-c"));
	add_word(&want, buf_span(&json));
	add_word(&want, SPAN("1800"));
	add_payload(&want, &event);
	assert_true(got.len > want.len);
	assert_span(span_of(got.ptr + got.len - want.len, want.len),
		    buf_span(&want));
	buf_release(&json);
	buf_release(&want);
	event_commands_release(&commands);
}

TEST(whole_commands_fit_or_do_not)
{
	static const char *const channels[] = { "a", "cache-b", "ccc" };
	struct event_commands commands = { .bytes = BUF_INIT };
	size_t ends[COUNT(channels)], room, bytes, count, i;

	for (i = 0; i < COUNT(channels); i++) {
		add_event(&commands, channels[i]);
		ends[i] = commands.bytes.len;
	}
	for (room = 0; room <= commands.bytes.len + 1; room++) {
		count = 0;
		while (count < COUNT(ends) && ends[count] <= room)
			count++;
		assert_int_equal(
			event_commands_fitting(&commands, room, &bytes), count);
		assert_int_equal(bytes, count == 0 ? 0 : ends[count - 1]);
	}
	event_commands_release(&commands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_published),
		cmocka_unit_test(
			an_event_of_a_cache_channel_is_kept_and_published_by_one_command),
		cmocka_unit_test(whole_commands_fit_or_do_not),
	};

	return cmocka_run_group_tests_name("event_commands", tests, NULL, NULL);
}
