/* SPDX-License-Identifier: MIT
 *
 * A table of users: those that are signed in here, and those that sessions
 * watch.
 */
#include "relay/hub/signed_in_users.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/base/text.h"
#include "relay/protocol/pusher.h"
#include "relay/protocol/siphash.h"

struct user {
	UT_hash_handle hh;
	struct list signins; /* as this user */
	struct list watches; /* of this user */
	uint32_t name_at, key_len;
	char key[]; /* {app}:{user} */
};

/* An entry of a watchlist. */
struct watch {
	struct list link; /* in whom->watches */
	struct user *whom;
	struct signin *by;
	bool is_online; /* as last reported to the session */
};

/* Outlives its session until its queries are answered. */
struct signin {
	struct list link; /* in user's signins */
	struct signed_in_users *users;
	struct user *user;
	struct session *session; /* NULL: it has signed out */
	int64_t since_ms;
	size_t open_queries;
	bool is_querying, is_dirty; /* the watchlist; again after this answer */
	size_t count;
	struct watch watches[];
};

struct signed_in_users {
	struct loop *loop;
	struct roster *roster;
	struct user *first; /* the next is hh.next */
	uint64_t hash_key[2];
	struct loop_timer grace;
};

static void query_online(struct signin *signin);

/* ---- the table ---- */

static struct user *find_user(const struct signed_in_users *users,
			      struct span key)
{
	struct user *user;

	HASH_FIND_BYHASHVALUE(hh, users->first, key.ptr, key.len,
			      (unsigned)siphash(key, users->hash_key), user);
	return user;
}

static struct user *get_user(struct signed_in_users *users,
			     const struct app *app, struct span name)
{
	struct buf key = BUF_INIT;
	struct user *user;

	buf_addf(&key, "%s:", app->id);
	buf_add_span(&key, name);
	user = find_user(users, buf_span(&key));
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

static void drop_user(struct signed_in_users *users, struct user *user)
{
	if (!list_is_empty(&user->signins) || !list_is_empty(&user->watches))
		return;
	HASH_DELETE(hh, users->first, user);
	free(user);
}

static struct span user_name(const struct user *user)
{
	return span_of(user->key + user->name_at,
		       user->key_len - user->name_at);
}

/* ---- watchlists ---- */

static void send_watchlist(const struct signin *signin,
			   const struct span *online, size_t online_count,
			   const struct span *offline, size_t offline_count)
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

static void take_online_list(struct signin *signin,
			     const struct roster_list *list)
{
	struct span online[PUSHER_WATCHLIST_MAX], offline[PUSHER_WATCHLIST_MAX];
	size_t online_count = 0, offline_count = 0, i;

	for (i = 0; i < signin->count; i++) {
		struct watch *watch = &signin->watches[i];
		struct span name = user_name(watch->whom);
		bool is_online = is_listed(list, name);

		if (is_online && !watch->is_online)
			online[online_count++] = name;
		if (!is_online && watch->is_online)
			offline[offline_count++] = name;
		watch->is_online = is_online;
	}
	send_watchlist(signin, online, online_count, offline, offline_count);
}

static void drop_signin(struct signin *signin)
{
	if (signin->session == NULL && signin->open_queries == 0)
		free(signin);
}

static void on_list(void *subject, const struct roster_list *list)
{
	struct signin *signin = subject;
	bool is_dirty = signin->is_dirty;

	signin->open_queries--;
	signin->is_querying = signin->is_dirty = false;
	if (signin->session != NULL && is_dirty)
		query_online(signin); /* the list may be older than a hint */
	else if (signin->session != NULL && list != NULL)
		take_online_list(signin, list);
	drop_signin(signin);
}

static void query_online(struct signin *signin)
{
	struct span names[PUSHER_WATCHLIST_MAX];
	size_t i;

	if (signin->is_querying) {
		signin->is_dirty = true;
		return;
	}
	for (i = 0; i < signin->count; i++)
		names[i] = user_name(signin->watches[i].whom);
	if (signin->count == 0)
		return;
	signin->is_querying =
		roster_watch(signin->users->roster, signin->session->app->id,
			     names, signin->count, on_list, signin);
	signin->open_queries += signin->is_querying;
}

void signed_in_users_hint(struct signed_in_users *users, struct span key,
			  bool is_online)
{
	struct user *user = find_user(users, key);
	struct list *at;

	if (user == NULL)
		return;
	for (at = user->watches.next; at != &user->watches; at = at->next) {
		struct watch *watch = container_of(at, struct watch, link);
		struct span name = user_name(user);

		if (watch->by->is_querying) {
			watch->by->is_dirty = true;
			continue;
		}
		if (watch->is_online == is_online)
			continue;
		watch->is_online = is_online;
		send_watchlist(watch->by, &name, is_online, &name, !is_online);
	}
}

static void query_all_online(struct signed_in_users *users)
{
	struct user *user;
	struct list *at;

	for (user = users->first; user != NULL; user = user->hh.next)
		for (at = user->signins.next; at != &user->signins;
		     at = at->next)
			query_online(container_of(at, struct signin, link));
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

		watch->whom = get_user(users, session->app, list->users[i]);
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
	signin->user = get_user(users, session->app, name);
	if (list_is_empty(&signin->user->signins))
		roster_set_online(users->roster, session->app->id, name, true);
	list_append(&signin->user->signins, &signin->link);
	query_online(signin);
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
			drop_user(users, signin->watches[i].whom);
	}
	list_remove(&signin->link);
	if (list_is_empty(&user->signins))
		roster_set_online(users->roster, session->app->id,
				  user_name(user), false);
	drop_user(users, user);
	session->signin = NULL;
	signin->session = NULL;
	drop_signin(signin);
}

/* ---- terminating connections ---- */

/* Closes the user's connections that had signed in by then. */
static void close_user(struct signed_in_users *users, struct span key,
		       int64_t then_ms)
{
	struct user *user = find_user(users, key);
	struct list *at;

	if (user == NULL)
		return;
	for (at = user->signins.next; at != &user->signins; at = at->next) {
		struct signin *signin = container_of(at, struct signin, link);

		if (signin->since_ms <= then_ms)
			conn_close(&signin->session->conn,
				   &pusher_causes[PUSHER_CAUSE_TERMINATED]);
	}
}

void signed_in_users_terminate(struct signed_in_users *users, struct span key)
{
	close_user(users, key, loop_now_ms(users->loop));
}

static void on_terminated(void *subject, const struct roster_list *list)
{
	struct signed_in_users *users = subject;
	size_t i, count = list != NULL ? roster_list_count(list) : 0;
	int64_t ago_ms;

	for (i = 0; i + 1 < count; i += 2)
		if (text_parse_int(roster_list_at(list, i + 1), &ago_ms) == 0)
			close_user(users, roster_list_at(list, i),
				   loop_now_ms(users->loop) - ago_ms);
}

/* ---- Redis is available again ---- */

static void query_terminated(struct signed_in_users *users)
{
	if (users->first != NULL)
		(void)roster_terminated(users->roster, on_terminated, users);
}

void signed_in_users_refresh(struct signed_in_users *users)
{
	query_terminated(users);
	if (!users->grace.is_set)
		query_all_online(users);
}

static void on_grace(struct loop_timer *timer)
{
	query_all_online(container_of(timer, struct signed_in_users, grace));
}

/* Users of other workers may seem to be offline until one lease has passed. */
void signed_in_users_begin(struct signed_in_users *users)
{
	struct user *user;

	for (user = users->first; user != NULL; user = user->hh.next) {
		const struct signin *signin =
			container_of(user->signins.next, struct signin, link);

		if (!list_is_empty(&user->signins))
			roster_set_online(users->roster,
					  signin->session->app->id,
					  user_name(user), true);
	}
	query_terminated(users);
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
