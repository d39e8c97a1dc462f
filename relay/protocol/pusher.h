/* SPDX-License-Identifier: MIT
 *
 * The words of the Pusher Channels protocol, version 7: what clients say, what
 * we say, and the codes we close with. relay/PROTOCOL.md is its reference.
 * Pure.
 */
#ifndef RELAY_PROTOCOL_PUSHER_H
#define RELAY_PROTOCOL_PUSHER_H

#include <json-c/json_object.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "relay/protocol/close_cause.h"

/* Why a connection ends. Only the table pusher_causes knows the codes. */
enum pusher_cause {
	PUSHER_CAUSE_PEER = 0, /* the peer closed it, or is gone */
	PUSHER_CAUSE_BAD_HANDSHAKE,
	PUSHER_CAUSE_HANDSHAKE_TIMEOUT,
	PUSHER_CAUSE_BAD_FRAME,
	PUSHER_CAUSE_BINARY,
	PUSHER_CAUSE_BAD_UTF8,
	PUSHER_CAUSE_TOO_LARGE,
	PUSHER_CAUSE_APP_UNKNOWN,
	PUSHER_CAUSE_APP_DISABLED,
	PUSHER_CAUSE_OVER_QUOTA,
	PUSHER_CAUSE_VERSION_BAD,
	PUSHER_CAUSE_VERSION_UNSUPPORTED,
	PUSHER_CAUSE_VERSION_MISSING,
	PUSHER_CAUSE_UNAUTHORIZED, /* did not show in time who it is */
	PUSHER_CAUSE_SLOW,         /* does not read what it is sent */
	PUSHER_CAUSE_LOG_AWAY,     /* a durable channel could not be started */
	PUSHER_CAUSE_DRAIN,
	PUSHER_CAUSE_ORPHANED, /* the master died, and its socket with it */
	PUSHER_CAUSE_EPOCH,
	PUSHER_CAUSE_TRIMMED, /* what it needs next is gone from the log */
	PUSHER_CAUSE_PONG_MISSING,
	PUSHER_CAUSE_TERMINATED, /* the app's server wants it */
	PUSHER_CAUSE_IDLE,       /* subscribed to nothing for too long */
};

#define PUSHER_CAUSES (PUSHER_CAUSE_IDLE + 1)

/* Indexed by enum pusher_cause. */
extern const struct close_cause pusher_causes[PUSHER_CAUSES];

/* ---- connecting ---- */

/* Takes /app/{key}?protocol=… apart: 0, or -1 if the path is another.
 * protocol is absent if it is not given. */
int pusher_parse_target(struct span target, struct span *key,
			struct span *protocol) MUST_CHECK;

/* PUSHER_CAUSE_PEER if we speak it; else why not. */
enum pusher_cause pusher_check_protocol(struct span protocol);

/* ---- from the client ---- */

enum pusher_type {
	PUSHER_SUBSCRIBE = 0,
	PUSHER_UNSUBSCRIBE,
	PUSHER_PING,
	PUSHER_PONG,
	PUSHER_SIGNIN,
	PUSHER_CLIENT_EVENT,
	PUSHER_INVALID, /* why says what is wrong with it */
};

struct pusher_message {
	enum pusher_type type;
	struct span channel; /* of (un)subscribe and client events; may be
				absent or malformed */
	struct span auth;    /* of subscribe and signin, and: */
	struct span channel_data, user_data; /* absent: none */
	/* Of a client event: its name; and its data as the text that it is, or
	 * as the JSON text of what it is, which lies in the message's. */
	struct span event, event_data;
	const char *why;                 /* static memory */
	struct json_object *root, *data; /* what the spans point into */
};

/* Takes a text message apart. The caller gives it back with
 * pusher_message_release, whatever the type. */
void pusher_decode(struct span text, struct pusher_message *message);

void pusher_message_release(struct pusher_message *message);

/* Of a user's id, in characters; and of user_info, in bytes. */
#define PUSHER_USER_ID_MAX 128
#define PUSHER_USER_INFO_MAX 1024

/* Whom channel_data or user_data speaks of. */
struct pusher_member {
	struct span user_id;
	struct span user_info; /* a JSON text; absent: none */
	struct json_object *root;
};

/* The member of a presence channel, and the user who signs in. NULL, and the
 * caller gives *member back with pusher_member_release; or what is wrong with
 * the data, static memory. user_info points into it. */
const char *pusher_decode_member(struct span channel_data,
				 struct pusher_member *member) MUST_CHECK;
const char *pusher_decode_user(struct span user_data,
			       struct pusher_member *member) MUST_CHECK;

void pusher_member_release(struct pusher_member *member);

/* Users whose comings and goings a user wants to know of; more than these are
 * left out. */
#define PUSHER_WATCHLIST_MAX 100

struct pusher_watchlist {
	struct span users[PUSHER_WATCHLIST_MAX];
	size_t count;
	struct json_object *root;
};

/* Those that user_data names, each once, which was decoded before: none, if it
 * does not.
 * The caller gives *list back with pusher_watchlist_release. */
void pusher_decode_watchlist(struct span user_data,
			     struct pusher_watchlist *list);

void pusher_watchlist_release(struct pusher_watchlist *list);

/* ---- to the client: each adds one event ---- */

void pusher_add_established(struct buf *buf, uint64_t socket_id,
			    int64_t activity_timeout_s);

/* code 0 is written as null. detail may be absent; it must be UTF-8. */
void pusher_add_error(struct buf *buf, int code, const char *message,
		      struct span detail);

/* Tells the channel, where pusher_add_error tells the connection. type is a
 * word for programs, status the same in HTTP. */
void pusher_add_subscription_error(struct buf *buf, struct span channel,
				   const char *type, struct span message,
				   int status);

void pusher_add_ping(struct buf *buf);
void pusher_add_pong(struct buf *buf);

/* user_id NULL: none is told. */
void pusher_add_client_event(struct buf *buf, struct span event,
			     struct span channel, struct span data,
			     const char *user_id);

/* Whether an event that is to be sent is one of a client's. */
bool pusher_is_client_event(struct span text);

void pusher_add_signed_in(struct buf *buf, struct span user_data);

/* What a subscriber reads what it missed by. */
struct pusher_history {
	int64_t base;
	const char *epoch;
	struct span grant; /* empty: none is needed */
};

/* history NULL: the channel has none. presence: "presence":{…}, or empty. */
void pusher_add_subscribed(struct buf *buf, struct span channel,
			   const struct pusher_history *history,
			   struct span presence);

/* user_info is a JSON text, or empty. */
void pusher_add_member(struct buf *buf, bool is_added, struct span channel,
		       struct span user_id, struct span user_info);

/* Nothing is kept of a cache channel. */
void pusher_add_cache_miss(struct buf *buf, struct span channel);

void pusher_add_count(struct buf *buf, struct span channel, uint32_t count);

/* Who of those that it watches came online, and who went. */
void pusher_add_watchlist(struct buf *buf, const struct span *online,
			  size_t online_count, const struct span *offline,
			  size_t offline_count);

#endif
