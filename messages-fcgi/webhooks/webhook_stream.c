/* SPDX-License-Identifier: MIT
 *
 * Redis' side of webhooks. The consumer has the same name in all processes, so
 * each of them finds the events that another left unfinished.
 *
 *     {prefix}:webhooks:{app}           the stream
 *     {prefix}:webhooks:{app}:{group}   the process that has the turn; the
 *                                       group is named after the URL's hash
 */
#include "messages-fcgi/webhooks/webhook_stream.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "messages-fcgi/redis/redis_connect.h"

/* ms that the turn outlives a process. More than a POST takes, because the turn
 * is not renewed during one. */
#define LEASE "15000"
/* ms that a read waits for new events; it delays a stop. */
#define WAIT "1000"
/* For connecting, and for each answer. More than WAIT. */
#define TIMEOUT_MS 3000
/* Bytes of the hash that names a URL. */
#define GROUP_BYTES 8
#define ID_BYTES 16
#define BATCH "100"
_Static_assert(WEBHOOK_BATCH_MAX == 100, "BATCH is the same number");

/* KEYS: lease, stream. ARGV: process, lease in ms, group, age in ms of the
 * oldest event for a new group. Returns whether the process has the turn, the
 * time, and the number of events that wait, 0 if Redis does not know it. Makes
 * the group if it is missing: Redis may have lost it. */
static const char take_script[] =
	"local holder = redis.call('get', KEYS[1])\n"
	"if holder and holder ~= ARGV[1] then return { 0, 0, 0 } end\n"
	"redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])\n"
	"local time = redis.call('time')\n"
	"local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
	"for _, group in ipairs(redis.pcall('xinfo', 'groups', KEYS[2])) do\n"
	"  if group[2] == ARGV[3] then\n"
	"    return { 1, now, group[6] + (group[12] or 0) }\n"
	"  end\n"
	"end\n"
	"redis.call('xgroup', 'create', KEYS[2], ARGV[3],\n"
	"  string.format('%.0f', now - ARGV[4]), 'mkstream')\n"
	"return { 1, now, 0 }\n";

/* KEYS: stream. ARGV: group, the groups of all configured URLs, ids. Deletes
 * the events that all groups have finished, unless a configured group is
 * missing, because it is still to be made. A group that is not configured here
 * may belong to a process with a newer configuration: then it has a lease.
 * Without one it is deleted. */
static const char finish_script[] =
	"redis.call('xack', KEYS[1], ARGV[1], unpack(ARGV, 3))\n"
	"local missing = {}\n"
	"for group in string.gmatch(ARGV[2], '%x+') do\n"
	"  missing[group] = true\n"
	"end\n"
	"local first_ms, first_seq = math.huge, 0\n"
	"for _, group in ipairs(redis.pcall('xinfo', 'groups', KEYS[1])) do\n"
	"  local name, last = group[2], group[8]\n"
	"  if missing[name] or\n"
	"     redis.call('exists', KEYS[1] .. ':' .. name) == 1 then\n"
	"    missing[name] = nil\n"
	"    local oldest = redis.call('xpending', KEYS[1], name)[2]\n"
	"    local ms, seq = string.match(oldest or last, '(%d+)-(%d+)')\n"
	"    ms, seq = tonumber(ms), tonumber(seq) + (oldest and 0 or 1)\n"
	"    if ms < first_ms or ms == first_ms and seq < first_seq then\n"
	"      first_ms, first_seq = ms, seq\n"
	"    end\n"
	"  else\n"
	"    redis.call('xgroup', 'destroy', KEYS[1], name)\n"
	"  end\n"
	"end\n"
	"if next(missing) == nil then\n"
	"  redis.call('xtrim', KEYS[1], 'minid',\n"
	"    string.format('%.0f-%.0f', first_ms, first_seq))\n"
	"end\n"
	"return 1\n";

static const char leave_script[] =
	"if redis.call('get', KEYS[1]) == ARGV[1] then\n"
	"  redis.call('del', KEYS[1])\n"
	"end\n"
	"return 1\n";

struct webhook_stream {
	const struct settings *settings;
	char *key, *lease, *group; /* names in Redis */
	char *me;                  /* this process, as holder of the lease */
	char *groups;        /* of all URLs of the app, a blank after each */
	redisContext *redis; /* NULL: not connected */
	redisReply *read;    /* has the events of the last batch; or NULL */
	const char *ids[WEBHOOK_BATCH_MAX]; /* of these events, in read */
};

static char *hex(const uint8_t *bytes, size_t len)
{
	struct buf text = BUF_INIT;

	crypto_add_hex(&text, bytes, len);
	buf_add_char(&text, '\0');
	return text.data;
}

static char *concat(const char *head, const char *link, const char *tail)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, head);
	buf_add_str(&text, link);
	buf_add(&text, tail, strlen(tail) + 1);
	return text.data;
}

static char *group_of(const char *url)
{
	uint8_t hash[CRYPTO_SHA256_BYTES];

	crypto_sha256(span_str(url), hash);
	return hex(hash, GROUP_BYTES);
}

static char *groups_of(const struct webhooks *hooks)
{
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < hooks->count; i++) {
		char *group = group_of(hooks->all[i].url);

		buf_add_str(&text, group);
		buf_add_char(&text, ' ');
		free(group);
	}
	buf_add_char(&text, '\0');
	return text.data;
}

struct webhook_stream *webhook_stream_new(const struct settings *settings,
					  const struct app *app,
					  const char *url)
{
	struct webhook_stream *stream = xcalloc(1, sizeof(*stream));
	uint8_t me[ID_BYTES];

	crypto_random(me, sizeof(me));
	stream->settings = settings;
	stream->me = hex(me, sizeof(me));
	stream->group = group_of(url);
	stream->groups = groups_of(&app->webhooks);
	stream->key = concat(settings->redis_prefix, ":webhooks:", app->id);
	stream->lease = concat(stream->key, ":", stream->group);
	return stream;
}

/* The next read returns unfinished events again. */
static void disconnect_stream(struct webhook_stream *stream, const char *why)
{
	log_debug("webhooks: redis is unavailable: %s", why);
	if (stream->redis != NULL)
		redisFree(stream->redis);
	stream->redis = NULL;
}

/* The reply, which the caller frees. NULL if there is none or Redis refuses;
 * the connection is closed then. */
static redisReply *call_redis(struct webhook_stream *stream, int count,
			      const char **words)
{
	redisReply *reply = redisCommandArgv(stream->redis, count, words, NULL);

	if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
		return reply;
	disconnect_stream(stream, reply == NULL
					  ? redis_connect_error(stream->redis)
					  : reply->str);
	freeReplyObject(reply);
	return NULL;
}

static bool has_elements(const redisReply *reply, size_t count)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements >= count;
}

/* Takes the turn or renews it. */
static enum webhook_turn take_lease(struct webhook_stream *stream,
				    struct webhook_batch *batch)
{
	char retry[24];
	const char *words[] = { "EVAL",        take_script,   "2",
				stream->lease, stream->key,   stream->me,
				LEASE,         stream->group, retry };
	enum webhook_turn turn = WEBHOOK_DOWN;
	redisReply *reply;

	snprintf(retry, sizeof(retry), "%d", WEBHOOK_RETRY_MS);
	reply = call_redis(stream, 9, words);
	if (reply == NULL)
		return WEBHOOK_DOWN;
	if (has_elements(reply, 3)) {
		turn = reply->element[0]->integer == 1 ? WEBHOOK_OURS
						       : WEBHOOK_OTHERS;
		batch->now_ms = reply->element[1]->integer;
		batch->waiting = reply->element[2]->integer;
	}
	freeReplyObject(reply);
	return turn;
}

/* entry: {id, {field, value}}. The pair is nil for an event that was deleted
 * after it had been read. */
static void add_event(struct webhook_stream *stream,
		      struct webhook_batch *batch, const redisReply *entry)
{
	struct webhook_event *event = &batch->events[batch->count];
	const redisReply *id, *fields;

	if (!has_elements(entry, 2) || batch->count == WEBHOOK_BATCH_MAX)
		return;
	id = entry->element[0];
	fields = entry->element[1];
	if (text_parse_int(span_of(id->str, strcspn(id->str, "-")),
			   &event->time_ms) == -1)
		return;
	event->json = has_elements(fields, 2) ? span_of(fields->element[1]->str,
							fields->element[1]->len)
					      : span_of(NULL, 0);
	stream->ids[batch->count++] = id->str;
}

/* after: 0 for the events that were read and not finished, > for new ones.
 * Returns 0 or -1. */
static int read_after(struct webhook_stream *stream,
		      struct webhook_batch *batch, const char *after)
{
	const char *words[] = { "XREADGROUP", "GROUP", stream->group,
				"sender",     "COUNT", BATCH,
				"BLOCK",      WAIT,    "STREAMS",
				stream->key,  after };
	const redisReply *entries;
	size_t i;

	freeReplyObject(stream->read);
	stream->read = call_redis(stream, 11, words);
	if (stream->read == NULL)
		return -1;
	/* {{key, {entry, …}}}, or nil if nothing came */
	if (!has_elements(stream->read, 1) ||
	    !has_elements(stream->read->element[0], 2))
		return 0;
	entries = stream->read->element[0]->element[1];
	for (i = 0; has_elements(entries, i + 1); i++)
		add_event(stream, batch, entries->element[i]);
	return 0;
}

enum webhook_turn webhook_stream_read(struct webhook_stream *stream,
				      struct webhook_batch *batch)
{
	char why[REDIS_CONNECT_WHY_BYTES];
	enum webhook_turn turn;

	batch->count = 0;
	batch->waiting = 0;
	if (stream->redis == NULL)
		stream->redis =
			redis_connect(stream->settings, TIMEOUT_MS, why);
	if (stream->redis == NULL)
		return WEBHOOK_DOWN;
	turn = take_lease(stream, batch);
	if (turn != WEBHOOK_OURS)
		return turn;
	if (read_after(stream, batch, "0") == -1)
		return WEBHOOK_DOWN;
	if (batch->count == 0 && read_after(stream, batch, ">") == -1)
		return WEBHOOK_DOWN;
	/* events came since the turn was taken, or Redis did not know */
	if (batch->waiting < (int64_t)batch->count)
		batch->waiting = (int64_t)batch->count;
	return WEBHOOK_OURS;
}

void webhook_stream_finish(struct webhook_stream *stream, size_t count)
{
	const char *words[6 + WEBHOOK_BATCH_MAX] = {
		"EVAL",      finish_script, "1",
		stream->key, stream->group, stream->groups
	};
	size_t i;

	if (stream->redis == NULL || count == 0)
		return;
	for (i = 0; i < count; i++)
		words[6 + i] = stream->ids[i];
	freeReplyObject(call_redis(stream, (int)(6 + count), words));
}

void webhook_stream_free(struct webhook_stream *stream)
{
	const char *words[] = { "EVAL", leave_script, "1", stream->lease,
				stream->me };

	if (stream->redis != NULL)
		freeReplyObject(call_redis(stream, 5, words));
	if (stream->redis != NULL)
		redisFree(stream->redis);
	freeReplyObject(stream->read);
	free(stream->key);
	free(stream->lease);
	free(stream->group);
	free(stream->groups);
	free(stream->me);
	free(stream);
}
