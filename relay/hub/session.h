/* SPDX-License-Identifier: MIT
 *
 * One subscriber: what it said when it connected, what it says now, and what
 * it subscribes to. Speaks the Pusher protocol on a conn.
 */
#ifndef RELAY_HUB_SESSION_H
#define RELAY_HUB_SESSION_H

#include "relay/channels/channel.h"
#include "relay/hub/token_bucket.h"
#include "relay/net/conn_set.h"

/* The sessions of one worker. */
struct session_set;

struct signin;

struct session {
	struct conn conn; /* first: a session is a conn that understands */
	struct subscriber subscriber;
	struct session_set *set;
	const struct app *app;              /* NULL until it connected to one */
	struct subscription *subscriptions; /* owned */
	char *user_id;         /* whom it signed in as; NULL: nobody yet */
	struct signin *signin; /* users' */
	uint32_t subscription_count;
	struct token_bucket subscribes, client_events;
	struct list link;      /* of the set's watched, or none */
	uint32_t idle_since_s; /* if it has no subscription */
	bool is_authorized;    /* signed in, or was in a channel not public */
	bool has_place;        /* counts for the connections of its app */
	uint8_t refusal; /* enum pusher_cause found during the handshake */
};

struct session_conf {
	const struct apps *apps;    /* borrowed */
	int64_t activity_timeout_s; /* told to clients */
	int64_t subscriptions_max;  /* of one session */
	int64_t idle_timeout_s;     /* without any subscription; 0: none */
};

/* Each of the first two sets subscription->channel, by whose name the session
 * finds it again, before it returns; whether the session is among the members
 * then is another matter. */
struct session_ops {
	/* Joins session to the channel of its app, by subscription, which the
	 * session owns. name is valid, and the session may. */
	void (*on_subscribe)(void *ctx, struct session *session,
			     struct subscription *subscription,
			     struct span name);
	/* The same of a presence channel, as subscription->user_id. user_info,
	 * borrowed, is a JSON text or absent. NULL: there are none. */
	void (*on_presence_subscribe)(void *ctx, struct session *session,
				      struct subscription *subscription,
				      struct span name, struct span user_info);
	/* Takes subscription out of its channel. */
	void (*on_unsubscribe)(void *ctx, struct subscription *subscription);
	/* Sends a client event to all other subscribers of the channel. */
	void (*on_client_event)(void *ctx, struct session *session,
				struct subscription *subscription,
				struct span name, struct span data);
	/* It signed in as session->user_id. user_data is the JSON object that
	 * its server signed; borrowed. NULL: nobody wants to know. */
	void (*on_signin)(void *ctx, struct session *session,
			  struct span user_data);
	/* It ends, and had signed in; it has no subscriptions any more. NULL
	 * as above. */
	void (*on_signout)(void *ctx, struct session *session);
};

struct session_set *session_set_new(struct loop *loop,
				    const struct conn_conf *conn_conf,
				    const struct session_conf *conf,
				    const struct session_ops *ops, void *ctx);
void session_set_free(struct session_set *set);

/* The connections of all sessions. */
struct conn_set *session_set_conns(struct session_set *set);

/* Why a subscribe is not granted. */
struct session_refusal {
	int code;         /* of the pusher:error; 0: null */
	const char *type; /* of the pusher:subscription_error; NULL: none */
	int status;       /* the same in HTTP */
	const char *text; /* the channel's name is told with it */
};

/* Tells the session that it may not subscribe after all, and drops the
 * subscription. */
void session_refuse(struct session *session, struct subscription *subscription,
		    const struct session_refusal *refusal);

/* Takes over fd, just accepted; the session frees itself when it ends. */
void session_accept(struct session_set *set, int fd,
		    const struct sockaddr *address);

#endif
