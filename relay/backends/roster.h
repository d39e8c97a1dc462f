/* SPDX-License-Identifier: MIT
 *
 * The client of the roster in Redis: members, subscriber counts and signed-in
 * users of the whole cluster. Keeps no members itself: its owner does.
 *
 * A registration lives as long as the node that this connection registers, see
 * common/wire/roster.lua. If Redis was unavailable, forgot us, or is new, the
 * owner registers everything again.
 */
#ifndef RELAY_BACKENDS_ROSTER_H
#define RELAY_BACKENDS_ROSTER_H

#include "common/config/app.h"
#include "relay/backends/redis_link.h"

/* A node's registrations stay for this long after its last sign of life;
 * LEASE_MS in common/wire/roster.lua. */
#define ROSTER_LEASE_MS 5000

struct roster;

struct roster_conf {
	struct redis_link_conf redis;
	const char *prefix;      /* of all names in Redis; borrowed */
	const struct apps *apps; /* borrowed */
};

struct roster_ops {
	/* Redis answers and knows nothing of us: register everything. */
	void (*on_begin)(void *ctx);
	/* Redis also carries out commands. A Redis that is full, or denies
	 * them, repeats on_begin without this. */
	void (*on_serving)(void *ctx);
	/* Questions get no answer until the next on_begin. */
	void (*on_away)(void *ctx);
};

/* The strings of an answer; an element of another type is empty. Borrowed. */
struct roster_list;
size_t roster_list_count(const struct roster_list *list);
struct span roster_list_at(const struct roster_list *list, size_t i);

/* The answer to a question, with the question's subject. list is NULL if Redis
 * is unavailable, has forgotten us or refused the command. Called once for each
 * question, in order, but never within the call that asks. */
typedef void roster_answer_fn(void *subject, const struct roster_list *list);

struct roster *roster_new(struct loop *loop, const struct roster_conf *conf,
			  const struct roster_ops *ops, void *ctx);
/* Answers all open questions with NULL first. */
void roster_free(struct roster *roster);

/* Whether Redis answers questions. If not, the questions below return false and
 * do nothing. */
bool roster_is_up(const struct roster *roster);

/* ---- members of presence channels ---- */

struct roster_member {
	struct span user, info;
};

/* Answers with the user, or with an empty list if max others (0: no limit) are
 * already members. */
bool roster_join(struct roster *roster, const char *app, struct span channel,
		 const struct roster_member *member, int64_t max,
		 roster_answer_fn *fn, void *subject);
/* Registers several members without a limit and without an answer. again: they
 * have been registered before. */
void roster_register(struct roster *roster, bool again, const char *app,
		     struct span channel, const struct roster_member *members,
		     size_t count);
/* Limit of count in one call of roster_register. */
#define ROSTER_REGISTER_MAX 50
void roster_part(struct roster *roster, const char *app, struct span channel,
		 struct span user);
/* Answers with the members: user, info, …; includes joins that were asked for
 * before. */
bool roster_members(struct roster *roster, const char *app, struct span channel,
		    roster_answer_fn *fn, void *subject);

/* ---- the rest ---- */

/* Sets this node's number of subscribers; again: a number was sent before,
 * and Redis delays its notice until all nodes have sent theirs. Collects counts
 * until roster_send_counts at the latest. */
void roster_count(struct roster *roster, bool again, const char *app,
		  struct span channel, uint32_t count);
void roster_send_counts(struct roster *roster);

/* The user's first connection on this node signed in, or is registered again,
 * or the last one left. */
void roster_set_online(struct roster *roster, const char *app, struct span user,
		       bool is_online);
/* Answers with the users that are online. */
bool roster_watch(struct roster *roster, const char *app,
		  const struct span *users, size_t count, roster_answer_fn *fn,
		  void *subject);

/* Answers with the users whose connections were terminated in the last minute:
 * {app}:{user}, ms since then, … */
bool roster_terminated(struct roster *roster, roster_answer_fn *fn,
		       void *subject);

/* Queues a JSON object for the app's webhooks, if it has any. */
void roster_webhook(struct roster *roster, const char *app, struct span json);

/* PUBLISH. */
void roster_publish(struct roster *roster, struct span topic,
		    struct span payload);

/* Answers with the value of a key, or an empty list. */
bool roster_get(struct roster *roster, struct span key, roster_answer_fn *fn,
		void *subject);

#endif
