/* SPDX-License-Identifier: MIT
 *
 * One client connection that speaks the Pusher protocol: its app, its user, its
 * subscriptions, and the limits that it must keep. A session embeds its conn.
 */
#ifndef RELAY_HUB_SESSION_H
#define RELAY_HUB_SESSION_H

#include "relay/channels/channel.h"
#include "relay/hub/time_limit.h"
#include "relay/hub/token_bucket.h"
#include "relay/net/conn_set.h"

/* The sessions of one worker. */
struct session_set;

struct signin;

struct session {
	struct conn conn; /* first: a session is a conn that understands */
	struct subscriber subscriber;
	struct session_set *set;
	const struct app *app; /* NULL: no handshake yet, or no such app */
	struct subscription *subscriptions; /* owned */
	char *user_id;                      /* NULL: not signed in */
	struct signin *signin;              /* written by signed_in_users.c */
	uint32_t subscription_count;
	bool has_place;  /* counted by connection_quota */
	uint8_t refusal; /* enum pusher_cause, sent when the socket is open */
	struct token_bucket subscribes, client_events;
	struct time_limit limit;
};

struct session_conf {
	const struct apps *apps;    /* borrowed */
	int64_t activity_timeout_s; /* announced to clients */
	int64_t subscriptions_max;  /* of one session */
	int64_t idle_timeout_s;     /* without any subscription; 0: none */
};

/* on_subscribe and on_presence_subscribe set subscription->channel before they
 * return, since the session looks subscriptions up by the channel's name. The
 * session may become a member later. */
struct session_ops {
	/* Joins session to the channel of that name in its app. name is valid
	 * and the session is authorized. The session owns subscription. */
	void (*on_subscribe)(void *ctx, struct session *session,
			     struct subscription *subscription,
			     struct span name);
	/* The same for a presence channel, as subscription->user_id. user_info,
	 * borrowed, is a JSON text or absent. NULL: not served. */
	void (*on_presence_subscribe)(void *ctx, struct session *session,
				      struct subscription *subscription,
				      struct span name, struct span user_info);
	/* Takes subscription out of its channel. */
	void (*on_unsubscribe)(void *ctx, struct subscription *subscription);
	/* Sends a client event to all other subscribers of the channel. */
	void (*on_client_event)(void *ctx, struct session *session,
				struct subscription *subscription,
				struct span name, struct span data);
	/* The session signed in as session->user_id. user_data, borrowed, is
	 * the JSON object that the app's server signed. May be NULL. */
	void (*on_signin)(void *ctx, struct session *session,
			  struct span user_data);
	/* A session that had signed in ends. It has no subscriptions any more.
	 * May be NULL. */
	void (*on_signout)(void *ctx, struct session *session);
};

struct session_set *session_set_new(struct loop *loop,
				    const struct conn_conf *conn_conf,
				    const struct session_conf *conf,
				    const struct session_ops *ops, void *ctx);
void session_set_free(struct session_set *set);

/* The connections of all sessions. */
struct conn_set *session_set_conns(struct session_set *set);

/* Why a subscription is refused. */
struct session_refusal {
	int code;         /* of the pusher:error; 0: null */
	const char *type; /* of the pusher:subscription_error; NULL: none */
	int status;       /* the same in HTTP */
	const char *text; /* sent with the channel's name */
};

/* Sends the refusal and drops the subscription, which was held so far. */
void session_refuse(struct session *session, struct subscription *subscription,
		    const struct session_refusal *refusal);

/* Takes over fd, just accepted. The session frees itself when it ends. */
void session_accept(struct session_set *set, int fd,
		    const struct sockaddr *address);

#endif
