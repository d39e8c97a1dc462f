/* SPDX-License-Identifier: MIT
 *
 * PUBLISH, or a script for cache channels. Knows no connection.
 */
#include "messages-fcgi/redis/event_commands.h"

#include <hiredis/hiredis.h>

#include "common/base/log.h"
#include "common/config/channel_name.h"
#include "common/wire/envelope.h"

/* Of the longest command. */
#define WORDS_MAX 8

/* Keeps the last event of a cache channel, then publishes it: a client that
 * subscribes too late to receive it finds it kept. One script, so that there is
 * one reply. A Redis that is out of memory keeps nothing, and loses the event
 * before, but publishes. */
static const char keep_and_publish[] =
	"local kept = redis.pcall('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) "
	"local is_full = kept.err and kept.err:find('OOM', 1, true) "
	"if kept.err and not is_full then return kept end "
	"if is_full then redis.call('DEL', KEYS[1]) end "
	"return redis.call('PUBLISH', ARGV[1], ARGV[4])";
#define KEEP_S "1800"

static void add_words(struct event_commands *c, const struct span *words,
		      int count)
{
	const char *argv[WORDS_MAX];
	size_t lengths[WORDS_MAX];
	char *command = NULL;
	int len, i;

	for (i = 0; i < count; i++) {
		argv[i] = words[i].ptr;
		lengths[i] = words[i].len;
	}
	len = redisFormatCommandArgv(&command, count, argv, lengths);
	if (len == -1)
		fatalx("out of memory encoding for redis");
	buf_add(&c->bytes, command, (size_t)len);
	redisFreeCommand(command);
	buf_add(&c->ends, &c->bytes.len, sizeof(c->bytes.len));
}

static void add_publish(struct event_commands *c)
{
	const struct span words[] = { span_str("PUBLISH"), buf_span(&c->topic),
				      buf_span(&c->payload) };

	add_words(c, words, 3);
}

static void add_keep_and_publish(struct event_commands *c)
{
	const struct span words[WORDS_MAX] = {
		span_str("EVAL"),    span_str(keep_and_publish),
		span_str("1"),       buf_span(&c->key),
		buf_span(&c->topic), buf_span(&c->event),
		span_str(KEEP_S),    buf_span(&c->payload),
	};

	add_words(c, words, WORDS_MAX);
}

void event_commands_add(struct event_commands *c, const char *prefix,
			const char *app, struct span epoch,
			const struct event *event)
{
	struct envelope envelope = { .epoch = epoch,
				     .id = event->id,
				     .exclude = event->exclude };

	buf_clear(&c->topic);
	envelope_add_topic(&c->topic, prefix, app, event->channel);
	buf_clear(&c->event);
	event_encode(&c->event, event);
	envelope.event = buf_span(&c->event);
	buf_clear(&c->payload);
	envelope_encode(&c->payload, &envelope);
	if (!channel_name_is_cache(event->channel)) {
		add_publish(c);
		return;
	}
	buf_clear(&c->key);
	envelope_add_cache_key(&c->key, prefix, app, event->channel);
	add_keep_and_publish(c);
}

size_t event_commands_fitting(const struct event_commands *c, size_t room,
			      size_t *bytes)
{
	size_t count = c->ends.len / sizeof(size_t), fitting, end;

	*bytes = 0;
	for (fitting = 0; fitting < count; fitting++) {
		memcpy(&end, c->ends.data + fitting * sizeof(end), sizeof(end));
		if (end > room)
			break;
		*bytes = end;
	}
	return fitting;
}

void event_commands_release(struct event_commands *c)
{
	buf_release(&c->bytes);
	buf_release(&c->ends);
	buf_release(&c->payload);
	buf_release(&c->event);
	buf_release(&c->topic);
	buf_release(&c->key);
}
