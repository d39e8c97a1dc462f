/* SPDX-License-Identifier: MIT
 *
 * A table of users: those who are signed in here, and those who are watched.
 */
#include "relay/hub/signed_in_users.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/base/text.h"
#include "relay/protocol/siphash.h"

struct user {
	UT_hash_handle hh;
	struct list signins; /* as this user */
	struct list watches; /* of this user */
	uint32_t name_at, key_len;
	char key[]; /* {app}:{user} */
};

/* One that signin has of whom. */
struct watch {
	struct list link; /* in whom's watches */
	struct user *whom;
	struct signin *by;
	bool is_online; /* as the session was told */
};

/* Outlives its session while questions about it are open. */
struct signin {
	struct list link; /* in user's signins */
	struct signed_in_users *users;
	struct user *user;
	struct session *session; /* NULL: it has signed out */
	int64_t since_ms;
	size_t questions;
	bool is_asking, is_dirty; /* who is online, and once more */
	size_t count;
	struct watch watches[];
};

struct signed_in_users {
	struct loop *loop;
	struct roster *roster;
	struct user *first; /* walk by hh.next */
	uint64_t hash_key[2];
	struct loop_timer grace;
};

static void ask(struct signin *signin);

/* ---- the table ---- */

static struct user *find(const struct signed_in_users *users, struct span key)
{
	struct user *user;

	HASH_FIND_BYHASHVALUE(hh, users->first, key.ptr, key.len,
			      (unsigned)siphash(key, users->hash_key), user);
	return user;
}

static struct user *get(struct signed_in_users *users, const struct app *app,
			struct span name)
{
	struct buf key = BUF_INIT;
	struct user *user;

	buf_addf(&key, "%s:", app->id);
	buf_add_span(&key, name);
	user = find(users, buf_span(&key));
	if (user == NULL) {
		user = xcalloc(1, sizeof(*user) + key.len);
		list_init(&user->signins);
		list_init(&user->watches);
		user->name_at = (uint32_t)(key.len - name.len);
		user->key_len = (uint32_t)key.len;
		memcpy(user->key, key.data, key.len);
		HASH_ADD_KEYPTR_BYHASHVALUE(
			hh, users->first, user->key, user->key_len,
			(unsigned)siphash(buf_span(&key), users->hash_key),
			user);
	}
	buf_release(&key);
	return user;
}

static void drop(struct signed_in_users *users, struct user *user)
{
	if (!list_is_empty(&user->signins) || !list_is_empty(&user->watches))
		return;
	HASH_DELETE(hh, users->first, user);
	free(user);
}

static struct span name_of(const struct user *user)
{
	return span_of(user->key + user->name_at,
		       user->key_len - user->name_at);
}

/* ---- telling those who watch ---- */

static void tell(const struct signin *signin, const struct span *online,
		 size_t online_count, const struct span *offline,
		 size_t offline_count)
{
	struct buf text = BUF_INIT;
	struct frame *frame;

	if (online_count + offline_count == 0)
		return;
	pusher_add_watchlist(&text, online, online_count, offline,
			     offline_count);
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	conn_send(&signin->session->conn, frame);
	frame_unref(frame);
}

static bool is_listed(const struct roster_list *list, struct span name)
{
	size_t i;

	for (i = 0; i < roster_list_count(list); i++)
		if (span_equal(roster_list_at(list, i), name))
			return true;
	return false;
}

static void take_list(struct signin *signin, const struct roster_list *list)
{
	struct span online[PUSHER_WATCHLIST_MAX], offline[PUSHER_WATCHLIST_MAX];
	size_t online_count = 0, offline_count = 0, i;

	for (i = 0; i < signin->count; i++) {
		struct watch *watch = &signin->watches[i];
		struct span name = name_of(watch->whom);
		bool is_online = is_listed(list, name);

		if (is_online && !watch->is_online)
			online[online_count++] = name;
		if (!is_online && watch->is_online)
			offline[offline_count++] = name;
		watch->is_online = is_online;
	}
	tell(signin, online, online_count, offline, offline_count);
}

static void drop_signin(struct signin *signin)
{
	if (signin->session == NULL && signin->questions == 0)
		free(signin);
}

static void on_list(void *subject, const struct roster_list *list)
{
	struct signin *signin = subject;
	bool is_dirty = signin->is_dirty;

	signin->questions--;
	signin->is_asking = signin->is_dirty = false;
	if (signin->session != NULL && is_dirty)
		ask(signin); /* this list may be older than what we heard */
	else if (signin->session != NULL && list != NULL)
		take_list(signin, list);
	drop_signin(signin);
}

static void ask(struct signin *signin)
{
	struct span names[PUSHER_WATCHLIST_MAX];
	size_t i;

	if (signin->is_asking) {
		signin->is_dirty = true;
		return;
	}
	for (i = 0; i < signin->count; i++)
		names[i] = name_of(signin->watches[i].whom);
	if (signin->count == 0)
		return;
	signin->is_asking =
		roster_watch(signin->users->roster, signin->session->app->id,
			     names, signin->count, on_list, signin);
	signin->questions += signin->is_asking;
}

void signed_in_users_hint(struct signed_in_users *users, struct span key,
			  bool is_online)
{
	struct user *user = find(users, key);
	struct list *at;

	if (user == NULL)
		return;
	for (at = user->watches.next; at != &user->watches; at = at->next) {
		struct watch *watch = container_of(at, struct watch, link);
		struct span name = name_of(user);

		if (watch->by->is_asking) {
			watch->by->is_dirty = true;
			continue;
		}
		if (watch->is_online == is_online)
			continue;
		watch->is_online = is_online;
		tell(watch->by, &name, is_online, &name, !is_online);
	}
}

static void ask_all(struct signed_in_users *users)
{
	struct user *user;
	struct list *at;

	for (user = users->first; user != NULL; user = user->hh.next)
		for (at = user->signins.next; at != &user->signins;
		     at = at->next)
			ask(container_of(at, struct signin, link));
}

/* ---- signing in and out ---- */

static struct signin *signin_new(struct signed_in_users *users,
				 struct session *session,
				 const struct pusher_watchlist *list)
{
	struct signin *signin = xcalloc(
		1, sizeof(*signin) + list->count * sizeof(struct watch));
	size_t i;

	signin->users = users;
	signin->session = session;
	signin->since_ms = loop_now_ms(users->loop);
	signin->count = list->count;
	list_init(&signin->link);
	for (i = 0; i < list->count; i++) {
		struct watch *watch = &signin->watches[i];

		watch->whom = get(users, session->app, list->users[i]);
		watch->by = signin;
		list_init(&watch->link);
		list_append(&watch->whom->watches, &watch->link);
	}
	return signin;
}

void signed_in_users_sign_in(struct signed_in_users *users,
			     struct session *session, struct span user_data)
{
	struct span name = span_str(session->user_id);
	struct pusher_watchlist list;
	struct signin *signin;

	pusher_decode_watchlist(user_data, &list);
	signin = session->signin = signin_new(users, session, &list);
	pusher_watchlist_release(&list);
	signin->user = get(users, session->app, name);
	if (list_is_empty(&signin->user->signins))
		roster_set_online(users->roster, session->app->id, name, true);
	list_append(&signin->user->signins, &signin->link);
	ask(signin);
}

void signed_in_users_sign_out(struct signed_in_users *users,
			      struct session *session)
{
	struct signin *signin = session->signin;
	struct user *user = signin->user;
	size_t i;

	for (i = 0; i < signin->count; i++) {
		list_remove(&signin->watches[i].link);
		if (signin->watches[i].whom != user)
			drop(users, signin->watches[i].whom);
	}
	list_remove(&signin->link);
	if (list_is_empty(&user->signins))
		roster_set_online(users->roster, session->app->id,
				  name_of(user), false);
	drop(users, user);
	session->signin = NULL;
	signin->session = NULL;
	drop_signin(signin);
}

/* ---- throwing out ---- */

/* Of the user's connections those that were signed in then. */
static void terminate(struct signed_in_users *users, struct span key,
		      int64_t then_ms)
{
	struct user *user = find(users, key);
	struct list *at;

	if (user == NULL)
		return;
	for (at = user->signins.next; at != &user->signins; at = at->next) {
		struct signin *signin = container_of(at, struct signin, link);

		if (signin->since_ms <= then_ms)
			conn_close(&signin->session->conn,
				   PUSHER_CAUSE_TERMINATED);
	}
}

void signed_in_users_terminate(struct signed_in_users *users, struct span key)
{
	terminate(users, key, loop_now_ms(users->loop));
}

static void on_terminated(void *subject, const struct roster_list *list)
{
	struct signed_in_users *users = subject;
	size_t i, count = list != NULL ? roster_list_count(list) : 0;
	int64_t ago_ms;

	for (i = 0; i + 1 < count; i += 2)
		if (text_parse_int(roster_list_at(list, i + 1), &ago_ms) == 0)
			terminate(users, roster_list_at(list, i),
				  loop_now_ms(users->loop) - ago_ms);
}

/* ---- Redis comes back ---- */

static void ask_terminated(struct signed_in_users *users)
{
	if (users->first != NULL)
		(void)roster_terminated(users->roster, on_terminated, users);
}

void signed_in_users_refresh(struct signed_in_users *users)
{
	ask_terminated(users);
	if (!users->grace.is_set)
		ask_all(users);
}

static void on_grace(struct loop_timer *timer)
{
	ask_all(container_of(timer, struct signed_in_users, grace));
}

/* Until one lease has passed others may seem to be offline. */
void signed_in_users_begin(struct signed_in_users *users)
{
	struct user *user;

	for (user = users->first; user != NULL; user = user->hh.next) {
		const struct signin *signin =
			container_of(user->signins.next, struct signin, link);

		if (!list_is_empty(&user->signins))
			roster_set_online(users->roster,
					  signin->session->app->id,
					  name_of(user), true);
	}
	ask_terminated(users);
	loop_set_timer(users->loop, &users->grace, ROSTER_LEASE_MS, on_grace);
}

/* ---- life ---- */

struct signed_in_users *signed_in_users_new(struct loop *loop,
					    struct roster *roster)
{
	struct signed_in_users *users = xcalloc(1, sizeof(*users));

	users->loop = loop;
	users->roster = roster;
	crypto_random(users->hash_key, sizeof(users->hash_key));
	return users;
}

void signed_in_users_free(struct signed_in_users *users)
{
	assert(users->first == NULL);
	loop_clear_timer(users->loop, &users->grace);
	free(users);
}
