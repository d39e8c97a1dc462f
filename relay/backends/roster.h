/* SPDX-License-Identifier: MIT
 *
 * What Redis is told and asked of who is where in the whole cluster. Knows how
 * to ask; who is there its owner knows.
 *
 * Everything that is registered lives as long as the node that this connection
 * is, see common/wire/roster.lua. Redis is unavailable, or has forgotten us, or
 * is new: all are the same case, in which the owner registers everything again.
 */
#ifndef RELAY_BACKENDS_ROSTER_H
#define RELAY_BACKENDS_ROSTER_H

#include "common/config/app.h"
#include "relay/backends/redis_link.h"

/* What a node has registered stays for so long after its last sign of life;
 * LEASE_MS in common/wire/roster.lua. */
#define ROSTER_LEASE_MS 5000

struct roster;

struct roster_conf {
	struct redis_link_conf redis;
	const char *prefix;      /* of all names in Redis; borrowed */
	const struct apps *apps; /* borrowed */
};

struct roster_ops {
	/* Redis answers and knows nothing of us: register what there is. */
	void (*on_begin)(void *ctx);
	/* It does what it is asked, too: one that is full, or lets us do
	 * nothing, begins again and again. */
	void (*on_serving)(void *ctx);
	/* What is asked from now on is not answered. */
	void (*on_away)(void *ctx);
};

/* Strings in an answer, empty where there is something else; borrowed. */
struct roster_list;
size_t roster_list_count(const struct roster_list *list);
struct span roster_list_at(const struct roster_list *list, size_t i);

/* The answer to a question of that subject; NULL: there will be none, as Redis
 * is unavailable or has forgotten us. Called once for each question, in order,
 * but never within the call that asks. */
typedef void roster_answer_fn(void *subject, const struct roster_list *list);

struct roster *roster_new(struct loop *loop, const struct roster_conf *conf,
			  const struct roster_ops *ops, void *ctx);
/* What was asked is answered first, by NULL. */
void roster_free(struct roster *roster);

/* Whether it is of any use to ask; else the questions below return false and
 * do nothing. */
bool roster_is_up(const struct roster *roster);

/* ---- members of presence channels ---- */

struct roster_member {
	struct span user, info;
};

/* Answered with the user; with nothing if max others (0: any number may) are
 * there already. */
bool roster_join(struct roster *roster, const char *app, struct span channel,
		 const struct roster_member *member, int64_t max,
		 roster_answer_fn *fn, void *subject);
/* Several at once, however many there are, and no answer. again: they have
 * been registered before. */
void roster_register(struct roster *roster, bool again, const char *app,
		     struct span channel, const struct roster_member *members,
		     size_t count);
/* For one call of roster_register. */
#define ROSTER_REGISTER_MAX 50
void roster_part(struct roster *roster, const char *app, struct span channel,
		 struct span user);
/* Answered with those who are there, user, info, …; also those whose join was
 * asked for before. */
bool roster_members(struct roster *roster, const char *app, struct span channel,
		    roster_answer_fn *fn, void *subject);

/* ---- the rest ---- */

/* So many subscribers are here; again: others were said to be before Redis
 * forgot. Waits for more of its kind, until roster_send_counts at the latest.
 */
void roster_count(struct roster *roster, bool again, const char *app,
		  struct span channel, uint32_t count);
void roster_send_counts(struct roster *roster);

/* The user signed in, or out, for the first or the last time here. */
void roster_set_online(struct roster *roster, const char *app, struct span user,
		       bool is_online);
/* Answered with those of the users who are online. */
bool roster_watch(struct roster *roster, const char *app,
		  const struct span *users, size_t count, roster_answer_fn *fn,
		  void *subject);

/* Answered with those whose connections were to be closed in the last minute:
 * {app}:{user}, ms since then, … */
bool roster_terminated(struct roster *roster, roster_answer_fn *fn,
		       void *subject);

/* An object for the app's webhooks, if it has any. */
void roster_webhook(struct roster *roster, const char *app, struct span json);

/* PUBLISH. */
void roster_publish(struct roster *roster, struct span topic,
		    struct span payload);

/* The value of a key; an empty list if there is none. */
bool roster_get(struct roster *roster, struct span key, roster_answer_fn *fn,
		void *subject);

#endif
