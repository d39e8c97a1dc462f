/* SPDX-License-Identifier: MIT
 *
 * Questions to the roster script; answers arrive in the same order.
 */
#include "relay/backends/roster.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/wire/roster_script.h"
#include "relay/list.h"

/* Several of these may be lost before a lease ends. */
#define RENEW_MS 1000

/* Channels whose counts are sent in one call. */
#define COUNTS_MAX 60

/* The first words of a call: EVALSHA, script, 0 keys, function, prefix. */
#define WORDS_BEFORE 5
#define WORDS_MAX (WORDS_BEFORE + 4 + 3 * COUNTS_MAX)

#define NODE_BYTES 12
#define QUESTIONS_MIN 64

struct question {
	roster_answer_fn *fn; /* NULL: the answer is ignored */
	void *subject;
	uint32_t life; /* roster->life when it was asked */
};

/* A command under construction; borrows its words. */
struct call {
	const char *words[WORDS_MAX];
	size_t lens[WORDS_MAX];
	int count;
};

struct roster {
	struct redis_link *link;
	struct loop *loop;
	struct roster_conf conf;
	const struct roster_ops *ops;
	void *ctx;
	struct buf sha;
	struct buf node, former; /* our names now, and before */
	uint32_t life;           /* number of calls of begin */
	struct loop_timer renewal;
	/* a ring: questions[(first + i) % cap] for i in 0 .. count) */
	struct question *questions;
	size_t first, count, cap;
	struct buf counts; /* waiting: "{app} {channel} {n} "… */
	size_t count_words;
	bool counts_again;
};

/* ---- questions ---- */

static void push_question(struct roster *roster, roster_answer_fn *fn,
			  void *subject)
{
	struct question *grown;
	size_t i;

	if (roster->count == roster->cap) {
		size_t cap = roster->cap ? roster->cap * 2 : QUESTIONS_MIN;

		grown = xcalloc(cap, sizeof(*grown));
		for (i = 0; i < roster->count; i++)
			grown[i] = roster->questions[(roster->first + i) %
						     roster->cap];
		free(roster->questions);
		roster->questions = grown;
		roster->first = 0;
		roster->cap = cap;
	}
	i = (roster->first + roster->count++) % roster->cap;
	roster->questions[i] = (struct question){ fn, subject, roster->life };
}

static struct question pop(struct roster *roster)
{
	struct question question;

	assert(roster->count > 0);
	question = roster->questions[roster->first];
	roster->first = (roster->first + 1) % roster->cap;
	roster->count--;
	return question;
}

static void answer_question(const struct question *question,
			    const redisReply *reply)
{
	if (question->fn != NULL)
		question->fn(question->subject,
			     (const struct roster_list *)reply);
}

size_t roster_list_count(const struct roster_list *list)
{
	const redisReply *reply = (const redisReply *)list;

	if (reply->type == REDIS_REPLY_STRING)
		return 1;
	return reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

struct span roster_list_at(const struct roster_list *list, size_t i)
{
	const redisReply *reply = (const redisReply *)list;
	struct span text = redis_link_text(
		reply->type == REDIS_REPLY_STRING ? reply : reply->element[i]);

	return text.ptr != NULL ? text : span_of("", 0);
}

/* ---- calls ---- */

static void add_word(struct call *call, struct span word)
{
	assert(call->count < WORDS_MAX);
	call->words[call->count] = word.len == 0 ? "" : word.ptr;
	call->lens[call->count++] = word.len;
}

static void add_string(struct call *call, const char *word)
{
	add_word(call, span_str(word));
}

static struct call call_of(const char *verb)
{
	struct call call;

	call.count = 0;
	add_string(&call, verb);
	return call;
}

static struct call call_script(const struct roster *roster, const char *op)
{
	struct call call = call_of("EVALSHA");

	add_word(&call, buf_span(&roster->sha));
	add_string(&call, "0");
	add_string(&call, op);
	add_string(&call, roster->conf.prefix);
	return call;
}

/* A call of a function that only a node may use. */
static struct call call_node(const struct roster *roster, const char *op)
{
	struct call call = call_script(roster, op);

	add_word(&call, buf_span(&roster->node));
	return call;
}

/* Returns whether an answer will come. */
static bool send_call(struct roster *roster, struct call *call,
		      roster_answer_fn *fn, void *subject)
{
	if (!redis_link_is_up(roster->link))
		return false;
	redis_link_send(roster->link, call->count, call->words, call->lens);
	push_question(roster, fn, subject);
	return true;
}

/* ---- beginning and renewing ---- */

static void renew(struct roster *roster);

/* One call removes only part of the expired nodes' registrations, so that Redis
 * serves others in between; call again for the rest. */
static void on_renewed(void *subject, const struct roster_list *list)
{
	const redisReply *reply = (const redisReply *)list;

	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER &&
	    reply->integer > 1)
		renew(subject);
}

static void renew(struct roster *roster)
{
	struct call call = call_node(roster, "renew");

	(void)send_call(roster, &call, on_renewed, roster);
}

static void on_renewal(struct loop_timer *timer)
{
	struct roster *roster = container_of(timer, struct roster, renewal);

	loop_set_timer(roster->loop, timer, RENEW_MS, on_renewal);
	renew(roster);
}

static void name_node(struct roster *roster)
{
	uint8_t bytes[NODE_BYTES];
	struct buf former = roster->former;

	roster->former = roster->node;
	roster->node = former;
	buf_clear(&roster->node);
	crypto_random(bytes, sizeof(bytes));
	crypto_add_hex(&roster->node, bytes, sizeof(bytes));
}

static void on_begun(void *subject, const struct roster_list *list)
{
	struct roster *roster = subject;

	if (list != NULL)
		roster->ops->on_serving(roster->ctx);
}

static void send_begin(struct roster *roster)
{
	const struct apps *apps = roster->conf.apps;
	size_t i;

	for (i = 0; i < apps->count; i++) {
		const struct app *app = &apps->all[i];
		struct call call = call_node(roster, "begin");
		struct buf flags = BUF_INIT;

		if (app->webhooks.count > 0)
			buf_add_char(&flags, 'w');
		if (app->subscription_count)
			buf_add_char(&flags, 'c');
		add_string(&call, app->id);
		add_word(&call, buf_span(&flags));
		(void)send_call(roster, &call, on_begun, roster);
		buf_release(&flags);
	}
}

static void begin(struct roster *roster)
{
	struct call call;

	roster->life++;
	buf_clear(&roster->counts);
	roster->count_words = 0;
	name_node(roster);
	send_begin(roster);
	roster->ops->on_begin(roster->ctx);
	/* only now, so that no member who is still here seems to leave */
	if (roster->former.len > 0) {
		call = call_node(roster, "replace");
		add_word(&call, buf_span(&roster->former));
		(void)send_call(roster, &call, NULL, NULL);
	}
	loop_set_timer(roster->loop, &roster->renewal, RENEW_MS, on_renewal);
}

static void on_up(void *ctx)
{
	struct roster *roster = ctx;
	struct call call = call_of("SCRIPT");

	add_string(&call, "LOAD");
	add_word(&call, roster_script());
	(void)send_call(roster, &call, NULL, NULL);
	begin(roster);
}

static void answer_all(struct roster *roster)
{
	while (roster->count > 0) {
		struct question question = pop(roster);

		answer_question(&question, NULL);
	}
}

static void on_down(void *ctx)
{
	struct roster *roster = ctx;

	loop_clear_timer(roster->loop, &roster->renewal);
	roster->ops->on_away(roster->ctx);
	answer_all(roster);
}

static void on_reply(void *ctx, const redisReply *reply)
{
	struct roster *roster = ctx;
	struct question question;

	if (roster->count == 0) {
		redis_link_refuse(roster->link, "it answers unasked");
		return;
	}
	question = pop(roster);
	if (reply->type != REDIS_REPLY_ERROR) {
		answer_question(&question, reply);
		return;
	}
	answer_question(&question, NULL);
	if (!span_starts(span_of(reply->str, (size_t)reply->len), "UNKNOWN"))
		redis_link_refuse(roster->link, reply->str);
	else if (question.life == roster->life)
		begin(roster); /* our lease ended, or Redis lost its data */
}

static const struct redis_link_ops link_ops = {
	.on_up = on_up,
	.on_down = on_down,
	.on_reply = on_reply,
};

/* ---- life ---- */

struct roster *roster_new(struct loop *loop, const struct roster_conf *conf,
			  const struct roster_ops *ops, void *ctx)
{
	struct roster *roster = xcalloc(1, sizeof(*roster));

	roster->loop = loop;
	roster->conf = *conf;
	roster->ops = ops;
	roster->ctx = ctx;
	roster_script_add_sha(&roster->sha);
	roster->link = redis_link_new(loop, &conf->redis, &link_ops, roster);
	return roster;
}

void roster_free(struct roster *roster)
{
	answer_all(roster);
	redis_link_free(roster->link);
	loop_clear_timer(roster->loop, &roster->renewal);
	buf_release(&roster->sha);
	buf_release(&roster->node);
	buf_release(&roster->former);
	buf_release(&roster->counts);
	free(roster->questions);
	free(roster);
}

bool roster_is_up(const struct roster *roster)
{
	return redis_link_is_up(roster->link);
}

/* ---- members of presence channels ---- */

bool roster_join(struct roster *roster, const char *app, struct span channel,
		 const struct roster_member *member, int64_t max,
		 roster_answer_fn *fn, void *subject)
{
	struct call call = call_node(roster, "join");
	struct buf number = BUF_INIT;
	bool is_asked;

	buf_add_int(&number, max);
	add_string(&call, app);
	add_word(&call, channel);
	add_word(&call, buf_span(&number));
	add_word(&call, member->user);
	add_word(&call, member->info);
	is_asked = send_call(roster, &call, fn, subject);
	buf_release(&number);
	return is_asked;
}

void roster_register(struct roster *roster, bool again, const char *app,
		     struct span channel, const struct roster_member *members,
		     size_t count)
{
	struct call call = call_node(roster, "register");
	size_t i;

	assert(count <= ROSTER_REGISTER_MAX);
	add_string(&call, again ? "1" : "0");
	add_string(&call, app);
	add_word(&call, channel);
	for (i = 0; i < count; i++) {
		add_word(&call, members[i].user);
		add_word(&call, members[i].info);
	}
	(void)send_call(roster, &call, NULL, NULL);
}

void roster_part(struct roster *roster, const char *app, struct span channel,
		 struct span user)
{
	struct call call = call_node(roster, "part");

	add_string(&call, app);
	add_word(&call, channel);
	add_word(&call, user);
	(void)send_call(roster, &call, NULL, NULL);
}

bool roster_members(struct roster *roster, const char *app, struct span channel,
		    roster_answer_fn *fn, void *subject)
{
	struct call call = call_node(roster, "members");

	add_string(&call, app);
	add_word(&call, channel);
	return send_call(roster, &call, fn, subject);
}

/* ---- counts ---- */

/* roster->counts holds words, each terminated by a NUL. */
void roster_send_counts(struct roster *roster)
{
	struct call call = call_node(roster, "count");
	const char *word = roster->counts.data;
	size_t i;

	if (roster->count_words == 0)
		return;
	add_string(&call, roster->counts_again ? "1" : "0");
	for (i = 0; i < roster->count_words; i++) {
		add_string(&call, word);
		word += strlen(word) + 1;
	}
	(void)send_call(roster, &call, NULL, NULL);
	buf_clear(&roster->counts);
	roster->count_words = 0;
}

static void add_count_word(struct roster *roster, struct span word)
{
	buf_add_span(&roster->counts, word);
	buf_add_char(&roster->counts, '\0');
	roster->count_words++;
}

void roster_count(struct roster *roster, bool again, const char *app,
		  struct span channel, uint32_t count)
{
	struct buf number = BUF_INIT;

	if (!redis_link_is_up(roster->link))
		return;
	if (roster->count_words == 3 * (size_t)COUNTS_MAX ||
	    roster->counts_again != again)
		roster_send_counts(roster);
	roster->counts_again = again;
	buf_add_int(&number, count);
	add_count_word(roster, span_str(app));
	add_count_word(roster, channel);
	add_count_word(roster, buf_span(&number));
	buf_release(&number);
}

/* ---- the rest ---- */

void roster_set_online(struct roster *roster, const char *app, struct span user,
		       bool is_online)
{
	struct call call = call_node(roster, "online");

	add_string(&call, app);
	add_string(&call, is_online ? "1" : "0");
	add_word(&call, user);
	(void)send_call(roster, &call, NULL, NULL);
}

bool roster_watch(struct roster *roster, const char *app,
		  const struct span *users, size_t count, roster_answer_fn *fn,
		  void *subject)
{
	struct call call = call_script(roster, "watch");
	size_t i;

	add_string(&call, app);
	for (i = 0; i < count; i++)
		add_word(&call, users[i]);
	return send_call(roster, &call, fn, subject);
}

bool roster_terminated(struct roster *roster, roster_answer_fn *fn,
		       void *subject)
{
	struct call call = call_script(roster, "terminated");

	return send_call(roster, &call, fn, subject);
}

void roster_webhook(struct roster *roster, const char *app, struct span json)
{
	struct call call = call_script(roster, "webhook");

	add_string(&call, app);
	add_word(&call, json);
	(void)send_call(roster, &call, NULL, NULL);
}

void roster_publish(struct roster *roster, struct span topic,
		    struct span payload)
{
	struct call call = call_of("PUBLISH");

	add_word(&call, topic);
	add_word(&call, payload);
	(void)send_call(roster, &call, NULL, NULL);
}

bool roster_get(struct roster *roster, struct span key, roster_answer_fn *fn,
		void *subject)
{
	struct call call = call_of("GET");

	add_word(&call, key);
	return send_call(roster, &call, fn, subject);
}
