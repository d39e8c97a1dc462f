/* SPDX-License-Identifier: MIT
 *
 * One connection, which threads use in turn. When Redis does not answer, one
 * thread waits for the timeout; the others, and all calls within the next
 * second, fail at once.
 */
#include "messages-fcgi/redis/roster_reader.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/wire/roster_script.h"
#include "messages-fcgi/leader.h"
#include "messages-fcgi/redis/redis_connect.h"

/* For connecting, and for each answer. */
#define TIMEOUT_MS 1000
/* How long no question is sent after a failure. */
#define REST_MS 1000

/* EVAL, the script, the number of keys, the question, the prefix. */
#define WORDS_BEFORE 5

struct roster_reader {
	const struct settings *settings;
	struct buf sha;
	pthread_mutex_t lock; /* of the rest */
	redisContext *redis;  /* NULL: not connected */
	int64_t rested_ms;    /* clock_ms from which questions are sent */
	bool was_reported;
};

struct roster_reader *roster_reader_new(const struct settings *settings)
{
	struct roster_reader *reader = xcalloc(1, sizeof(*reader));

	reader->settings = settings;
	roster_script_add_sha(&reader->sha);
	pthread_mutex_init(&reader->lock, NULL);
	return reader;
}

static void disconnect_roster(struct roster_reader *reader)
{
	if (reader->redis != NULL)
		redisFree(reader->redis);
	reader->redis = NULL;
}

void roster_reader_free(struct roster_reader *reader)
{
	disconnect_roster(reader);
	pthread_mutex_destroy(&reader->lock);
	buf_release(&reader->sha);
	free(reader);
}

static void report_unavailable(struct roster_reader *reader, const char *why)
{
	if (!reader->was_reported)
		log_warn("redis is unavailable, for reads of the roster: %s",
			 why);
	reader->was_reported = true;
}

/* Whether there is a connection now. */
static bool connect_to(struct roster_reader *reader)
{
	char why[REDIS_CONNECT_WHY_BYTES];

	if (reader->redis != NULL)
		return true;
	if (clock_ms() < reader->rested_ms)
		return false;
	reader->redis = redis_connect(reader->settings, TIMEOUT_MS, why);
	if (reader->redis != NULL)
		return true;
	report_unavailable(reader, why);
	reader->rested_ms = clock_ms() + REST_MS;
	return false;
}

static redisReply *call_verb(struct roster_reader *reader, const char *verb,
			     struct span script, const struct span *words,
			     size_t count)
{
	const char *argv[WORDS_BEFORE + ROSTER_WORDS_MAX];
	size_t lens[WORDS_BEFORE + ROSTER_WORDS_MAX];
	const struct span head[WORDS_BEFORE] = {
		span_str(verb),
		script,
		span_str("0"),
		words[0],
		span_str(reader->settings->redis_prefix),
	};
	size_t i;

	for (i = 0; i < WORDS_BEFORE - 1 + count; i++) {
		struct span word = i < WORDS_BEFORE
					   ? head[i]
					   : words[i - WORDS_BEFORE + 1];

		argv[i] = word.len > 0 ? word.ptr : "";
		lens[i] = word.len;
	}
	leader_assert_not_leading();
	return redisCommandArgv(reader->redis, (int)i, argv, lens);
}

/* Sends the script itself if Redis does not have it: it is new, or was
 * restarted. */
static redisReply *call_script(struct roster_reader *reader,
			       const struct span *words, size_t count)
{
	redisReply *reply = call_verb(reader, "EVALSHA", buf_span(&reader->sha),
				      words, count);

	if (reply == NULL || reply->type != REDIS_REPLY_ERROR ||
	    !span_starts(span_str(reply->str), "NOSCRIPT"))
		return reply;
	freeReplyObject(reply);
	return call_verb(reader, "EVAL", roster_script(), words, count);
}

static redisReply *try_roster(struct roster_reader *reader,
			      const struct span *words, size_t count)
{
	redisReply *reply;

	if (!connect_to(reader))
		return NULL;
	reply = call_script(reader, words, count);
	if (reply != NULL && reply->type != REDIS_REPLY_ERROR) {
		reader->was_reported = false;
		return reply;
	}
	report_unavailable(reader,
			   reply != NULL ? reply->str
					 : redis_connect_error(reader->redis));
	freeReplyObject(reply);
	disconnect_roster(reader);
	return NULL;
}

struct roster_answer *roster_reader_ask(struct roster_reader *reader,
					const struct span *words, size_t count)
{
	redisReply *reply;
	bool was_connected;
	int64_t began_ms;

	assert(count > 0 && count <= ROSTER_WORDS_MAX);
	leader_give_way();
	pthread_mutex_lock(&reader->lock);
	was_connected = reader->redis != NULL;
	began_ms = clock_ms();
	reply = try_roster(reader, words, count);
	/* Redis may have closed an idle connection long ago: try a new one */
	if (reply == NULL && was_connected &&
	    clock_ms() - began_ms < TIMEOUT_MS)
		reply = try_roster(reader, words, count);
	if (reply == NULL && reader->redis == NULL &&
	    reader->rested_ms < began_ms)
		reader->rested_ms = clock_ms() + REST_MS;
	pthread_mutex_unlock(&reader->lock);
	return (struct roster_answer *)reply;
}

void roster_answer_free(struct roster_answer *answer)
{
	freeReplyObject(answer);
}

size_t roster_answer_count(const struct roster_answer *answer)
{
	const redisReply *reply = (const redisReply *)answer;

	return reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

/* Element i; NULL if it is missing or of another type. */
static const redisReply *find_element(const struct roster_answer *answer,
				      size_t i, int type)
{
	const redisReply *reply = (const redisReply *)answer;

	if (i >= roster_answer_count(answer) || reply->element[i]->type != type)
		return NULL;
	return reply->element[i];
}

struct span roster_answer_text(const struct roster_answer *answer, size_t i)
{
	const redisReply *reply = find_element(answer, i, REDIS_REPLY_STRING);

	return reply == NULL ? span_of(NULL, 0)
			     : span_of(reply->str, (size_t)reply->len);
}

int64_t roster_answer_number(const struct roster_answer *answer, size_t i)
{
	const redisReply *reply = find_element(answer, i, REDIS_REPLY_INTEGER);

	return reply == NULL ? 0 : reply->integer;
}
