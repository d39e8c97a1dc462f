/* SPDX-License-Identifier: MIT
 *
 * One client's side of the protocol. Authorization and limits are decided here;
 * bytes are conn's, channels are fanout's.
 */
#include "relay/hub/session.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/crypto.h"
#include "common/config/channel_name.h"
#include "relay/hub/connection_quota.h"
#include "relay/protocol/authorization.h"
#include "relay/protocol/pusher.h"

/* Pusher's error codes: unauthorized, and more client events than the ten a
 * second that a connection may send. */
#define CODE_UNAUTHORIZED 4009
#define CODE_TOO_FAST 4301
#define CLIENT_EVENTS_MAX 10
#define CLIENT_EVENT_EACH_MS 100

/* A session regains one subscribe in this time, up to subscriptions_max. Each
 * may cost Redis two commands and PostgreSQL a look-up. */
#define SUBSCRIBE_EACH_MS 50

struct session_set {
	struct loop *loop;
	struct conn_set *conns;
	struct session_conf conf;
	const struct session_ops *ops;
	void *ctx;
	struct frame *ping, *pong; /* the same for every session */
	struct time_limits limits;
};

static struct session *session_of(struct conn *conn)
{
	return container_of(conn, struct session, conn);
}

/* Sends text as one message and releases it. It may hold secrets of this
 * session. */
static void send_text(struct session *session, struct buf *text)
{
	struct frame *frame = frame_new_secret(buf_span(text));

	conn_send(&session->conn, frame);
	frame_unref(frame);
	buf_release(text);
}

static void send_error(struct session *session, int code, const char *message,
		       struct span detail)
{
	struct buf text = BUF_INIT;

	pusher_add_error(&text, code, message, detail);
	send_text(session, &text);
}

/* ---- time limits ---- */

static void on_due(struct time_limit *limit, enum time_limit_kind kind)
{
	struct session *session = container_of(limit, struct session, limit);

	conn_close(&session->conn,
		   kind == TIME_LIMIT_AUTHORIZE
			   ? &pusher_causes[PUSHER_CAUSE_UNAUTHORIZED]
			   : &pusher_causes[PUSHER_CAUSE_IDLE]);
}

/* From its opening on the session has a limited time to authorize itself. */
static void limit_authorization(struct session *session)
{
	uint32_t within_s = (uint32_t)session->app->authorized_within_s;

	if (within_s > 0)
		time_limit_set(&session->set->limits, &session->limit,
			       TIME_LIMIT_AUTHORIZE,
			       session->conn.opened_s + within_s);
}

/* The session has no subscription: it has a limited time to subscribe. */
static void limit_idleness(struct session *session)
{
	struct session_set *set = session->set;
	uint32_t within_s = (uint32_t)set->conf.idle_timeout_s;
	uint32_t now_s = (uint32_t)(loop_now_ms(set->loop) / 1000);

	if (within_s > 0)
		time_limit_set(&set->limits, &session->limit,
			       TIME_LIMIT_SUBSCRIBE, now_s + within_s);
}

/* ---- connecting ---- */

static int on_request(struct conn *conn, const struct http_upgrade *request)
{
	struct session *session = session_of(conn);
	struct span key, protocol;

	if (pusher_parse_target(request->target, &key, &protocol) == -1)
		return 404;
	if (!span_is(request->method, "GET"))
		return 405;
	if (!request->is_websocket)
		return 426;
	session->app = apps_find_key(session->set->conf.apps, key);
	if (session->app != NULL &&
	    !authorization_has_origin(session->app, request->origin))
		return 403;
	/* an error of the app is sent on the open socket: clients cannot read
	 * the answer to a handshake */
	if (session->app == NULL)
		session->refusal = PUSHER_CAUSE_APP_UNKNOWN;
	else if (!session->app->enabled)
		session->refusal = PUSHER_CAUSE_APP_DISABLED;
	else
		session->refusal = (uint8_t)pusher_check_protocol(protocol);
	return 0;
}

/* The index of its app in apps->all. */
static size_t app_index(const struct session *session)
{
	return (size_t)(session->app - session->set->conf.apps->all);
}

static enum pusher_cause take_place(struct session *session)
{
	int64_t max = session->app->connections_max;

	session->has_place =
		max > 0 && connection_quota_take(app_index(session), max) == 0;
	return max == 0 || session->has_place ? PUSHER_CAUSE_PEER
					      : PUSHER_CAUSE_OVER_QUOTA;
}

static void leave_place(struct session *session)
{
	if (session->has_place)
		connection_quota_give(app_index(session));
	session->has_place = false;
}

static uint64_t new_socket_id(void)
{
	uint64_t id;

	do
		crypto_random(&id, sizeof(id));
	while (id == 0);
	return id;
}

static void on_open(struct conn *conn)
{
	struct session *session = session_of(conn);
	enum pusher_cause refusal = (enum pusher_cause)session->refusal;
	struct buf text = BUF_INIT;

	if (refusal == PUSHER_CAUSE_PEER)
		refusal = take_place(session);
	if (refusal != PUSHER_CAUSE_PEER) {
		send_error(session, pusher_causes[refusal].code,
			   pusher_causes[refusal].reason, span_of(NULL, 0));
		conn_close(conn, &pusher_causes[refusal]);
		return;
	}
	session->subscriber.socket_id = new_socket_id();
	pusher_add_established(&text, session->subscriber.socket_id,
			       session->set->conf.activity_timeout_s);
	send_text(session, &text);
	limit_authorization(session);
	limit_idleness(session);
}

/* ---- subscriptions ---- */

/* The link to the subscription to that channel; a link to NULL: there is none.
 */
static struct subscription **find_subscription(struct session *session,
					       struct span name)
{
	struct subscription **at = &session->subscriptions;

	while (*at != NULL && !span_equal(channel_name((*at)->channel), name))
		at = &(*at)->next;
	return at;
}

/* Ends and frees the subscription *at. */
static void drop_subscription(struct session *session, struct subscription **at)
{
	struct subscription *subscription = *at;

	*at = subscription->next;
	if (--session->subscription_count == 0)
		limit_idleness(session);
	session->set->ops->on_unsubscribe(session->set->ctx, subscription);
	free(subscription->user_id);
	free(subscription);
}

static void send_refusal(struct session *session, struct span name,
			 const struct session_refusal *refusal)
{
	struct buf message = BUF_INIT, text = BUF_INIT;

	buf_add_str(&message, refusal->text);
	buf_add_str(&message, ": ");
	buf_add_span(&message, name);
	send_error(session, refusal->code, "", buf_span(&message));
	if (refusal->type != NULL && name.ptr != NULL) {
		pusher_add_subscription_error(&text, name, refusal->type,
					      buf_span(&message),
					      refusal->status);
		send_text(session, &text);
	}
	buf_release(&message);
}

static int64_t now_ms(const struct session *session)
{
	return loop_now_ms(session->set->loop);
}

static struct authorization session_authorization(const struct session *session)
{
	return (struct authorization){ session->app,
				       session->subscriber.socket_id,
				       session->user_id };
}

/* NULL: it may subscribe. */
static const struct session_refusal *
check_subscribe(struct session *session, const struct pusher_message *message)
{
	static const struct session_refusal
		invalid = { 0, "InvalidChannel", 400, "Invalid channel name" },
		repeated = { 0, NULL, 0, "Already subscribed" },
		too_many = { 0, "LimitReached", 429, "Too many subscriptions" },
		too_often = { 0, "LimitReached", 429,
			      "Subscribing too often, try later" },
		unauthorized = { CODE_UNAUTHORIZED, "AuthError", 401,
				 "Not authorized to subscribe" };
	const struct session_conf *conf = &session->set->conf;
	struct authorization auth = session_authorization(session);

	if (!channel_name_is_valid(message->channel) &&
	    channel_name_user(message->channel).ptr == NULL)
		return &invalid;
	if (*find_subscription(session, message->channel) != NULL)
		return &repeated;
	if (session->subscription_count >= conf->subscriptions_max)
		return &too_many;
	if (!token_bucket_spend(&session->subscribes, now_ms(session),
				conf->subscriptions_max, SUBSCRIBE_EACH_MS))
		return &too_often;
	return authorization_may_subscribe(&auth, message) ? NULL
							   : &unauthorized;
}

static struct subscription *add_subscription(struct session *session,
					     bool is_public)
{
	struct subscription *subscription = xcalloc(1, sizeof(*subscription));

	subscription->next = session->subscriptions;
	session->subscriptions = subscription;
	session->subscription_count++;
	time_limit_clear(&session->limit, TIME_LIMIT_SUBSCRIBE);
	if (!is_public)
		time_limit_clear(&session->limit, TIME_LIMIT_AUTHORIZE);
	return subscription;
}

/* The signature is right, but the data may be malformed. */
static void subscribe_presence(struct session *session,
			       const struct pusher_message *message)
{
	const struct session_set *set = session->set;
	struct subscription *subscription;
	struct pusher_member member;
	struct session_refusal bad = { CODE_UNAUTHORIZED, "AuthError", 401,
				       NULL };

	bad.text =
		set->ops->on_presence_subscribe == NULL
			? "Presence channels are not served"
			: pusher_decode_member(message->channel_data, &member);
	if (bad.text != NULL) {
		send_refusal(session, message->channel, &bad);
		return;
	}
	subscription = add_subscription(session, false);
	subscription->user_id =
		xstrndup(member.user_id.ptr, member.user_id.len);
	set->ops->on_presence_subscribe(set->ctx, session, subscription,
					message->channel, member.user_info);
	pusher_member_release(&member);
}

static void subscribe(struct session *session,
		      const struct pusher_message *message)
{
	const struct session_set *set = session->set;
	const struct session_refusal *refusal =
		check_subscribe(session, message);
	struct span name = message->channel;
	bool is_public = channel_name_is_public(name);

	if (refusal != NULL)
		send_refusal(session, name, refusal);
	else if (channel_name_kind(name) == CHANNEL_NAME_PRESENCE)
		subscribe_presence(session, message);
	else
		set->ops->on_subscribe(set->ctx, session,
				       add_subscription(session, is_public),
				       name);
}

static void unsubscribe(struct session *session, struct span name)
{
	struct subscription **at;

	if (name.ptr == NULL)
		return;
	at = find_subscription(session, name);
	if (*at != NULL)
		drop_subscription(session, at);
}

/* ---- signing in ---- */

static void sign_in(struct session *session,
		    const struct pusher_message *message)
{
	const struct session_set *set = session->set;
	struct pusher_member user;
	struct authorization auth = session_authorization(session);
	const char *why = authorization_check_signin(&auth, message, &user);
	struct buf text = BUF_INIT;

	if (why != NULL) {
		send_error(session, CODE_UNAUTHORIZED,
			   "Cannot sign in: ", span_str(why));
		return;
	}
	session->user_id = xstrndup(user.user_id.ptr, user.user_id.len);
	time_limit_clear(&session->limit, TIME_LIMIT_AUTHORIZE);
	pusher_member_release(&user);
	pusher_add_signed_in(&text, message->user_data);
	send_text(session, &text);
	if (set->ops->on_signin != NULL)
		set->ops->on_signin(set->ctx, session, message->user_data);
}

/* ---- client events ---- */

static void send_client_event(struct session *session,
			      const struct pusher_message *message)
{
	const struct session_set *set = session->set;
	struct subscription *to = *find_subscription(session, message->channel);
	/* a pending join may still be refused */
	bool is_in = to != NULL && to->index != CHANNEL_WAITING;
	const char *why =
		authorization_check_client_event(session->app, message, is_in);

	if (why != NULL)
		send_error(session, 0, "Client events ", span_str(why));
	else if (!token_bucket_spend(&session->client_events, now_ms(session),
				     CLIENT_EVENTS_MAX, CLIENT_EVENT_EACH_MS))
		send_error(
			session, CODE_TOO_FAST,
			"Too many client events, not sent: ", message->event);
	else
		set->ops->on_client_event(set->ctx, session, to, message->event,
					  message->event_data);
}

/* ---- conn's callbacks ---- */

static void on_text(struct conn *conn, struct span text)
{
	struct session *session = session_of(conn);
	struct pusher_message message;

	pusher_decode(text, &message);
	switch (message.type) {
	case PUSHER_SUBSCRIBE:
		subscribe(session, &message);
		break;
	case PUSHER_UNSUBSCRIBE:
		unsubscribe(session, message.channel);
		break;
	case PUSHER_PING:
		conn_send(conn, session->set->pong);
		break;
	case PUSHER_PONG:
		break;
	case PUSHER_SIGNIN:
		sign_in(session, &message);
		break;
	case PUSHER_CLIENT_EVENT:
		send_client_event(session, &message);
		break;
	case PUSHER_INVALID:
		send_error(session, 0,
			   "Invalid message: ", span_str(message.why));
		break;
	}
	pusher_message_release(&message);
}

static void on_idle(struct conn *conn)
{
	conn_send(conn, session_of(conn)->set->ping);
}

static void on_close(struct conn *conn)
{
	struct session *session = session_of(conn);

	while (session->subscriptions != NULL)
		drop_subscription(session, &session->subscriptions);
	if (session->user_id != NULL && session->set->ops->on_signout != NULL)
		session->set->ops->on_signout(session->set->ctx, session);
	time_limit_release(&session->limit);
	leave_place(session);
}

static void free_session(struct conn *conn)
{
	struct session *session = session_of(conn);

	free(session->user_id);
	free(session);
}

static const struct conn_ops conn_ops = {
	.on_request = on_request,
	.on_open = on_open,
	.on_text = on_text,
	.on_idle = on_idle,
	.on_close = on_close,
	.free = free_session,
};

/* ---- life ---- */

static struct frame *make_constant(void (*add)(struct buf *))
{
	struct buf text = BUF_INIT;
	struct frame *frame;

	add(&text);
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	return frame;
}

struct session_set *session_set_new(struct loop *loop,
				    const struct conn_conf *conn_conf,
				    const struct session_conf *conf,
				    const struct session_ops *ops, void *ctx)
{
	struct session_set *set = xcalloc(1, sizeof(*set));

	set->loop = loop;
	set->conns = conn_set_new(loop, conn_conf, &conn_ops);
	set->conf = *conf;
	set->ops = ops;
	set->ctx = ctx;
	set->ping = make_constant(pusher_add_ping);
	set->pong = make_constant(pusher_add_pong);
	time_limits_init(&set->limits, loop, on_due);
	return set;
}

void session_set_free(struct session_set *set)
{
	conn_set_abort(set->conns);
	conn_set_free(set->conns);
	time_limits_release(&set->limits);
	frame_unref(set->ping);
	frame_unref(set->pong);
	free(set);
}

struct conn_set *session_set_conns(struct session_set *set)
{
	return set->conns;
}

void session_refuse(struct session *session, struct subscription *subscription,
		    const struct session_refusal *refusal)
{
	struct span name = channel_name(subscription->channel);

	send_refusal(session, name, refusal);
	drop_subscription(session, find_subscription(session, name));
}

void session_accept(struct session_set *set, int fd,
		    const struct sockaddr *address)
{
	struct session *session = xcalloc(1, sizeof(*session));

	conn_set_add(set->conns, &session->conn, fd, address);
	session->set = set;
	time_limit_init(&session->limit);
}
