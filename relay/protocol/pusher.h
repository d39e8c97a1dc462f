/* SPDX-License-Identifier: MIT
 *
 * The messages of the Pusher Channels protocol, version 7: client messages,
 * server events and close codes. relay/PROTOCOL.md is its reference. Pure.
 */
#ifndef RELAY_PROTOCOL_PUSHER_H
#define RELAY_PROTOCOL_PUSHER_H

#include <json-c/json_object.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "relay/protocol/close_cause.h"

/* Why a connection ends. The codes are only in the table pusher_causes. */
enum pusher_cause {
	PUSHER_CAUSE_PEER = 0, /* the peer closed it or vanished */
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
	PUSHER_CAUSE_UNAUTHORIZED, /* did not identify itself in time */
	PUSHER_CAUSE_SLOW,         /* reads too slowly */
	PUSHER_CAUSE_LOG_AWAY,     /* a durable channel could not be started */
	PUSHER_CAUSE_DRAIN,
	PUSHER_CAUSE_ORPHANED, /* the master died, and the listening socket with
				  it */
	PUSHER_CAUSE_EPOCH,
	PUSHER_CAUSE_TRIMMED, /* the log has lost the next event it needs */
	PUSHER_CAUSE_PONG_MISSING,
	PUSHER_CAUSE_TERMINATED, /* the app's server asked for it */
	PUSHER_CAUSE_IDLE,       /* subscribed to nothing for too long */
};

#define PUSHER_CAUSES (PUSHER_CAUSE_IDLE + 1)

/* Indexed by enum pusher_cause. */
extern const struct close_cause pusher_causes[PUSHER_CAUSES];

/* ---- connecting ---- */

/* Splits /app/{key}?protocol=…: 0, or -1 if the path is another. protocol is
 * absent if the query lacks it. */
int pusher_parse_target(struct span target, struct span *key,
			struct span *protocol) MUST_CHECK;

/* PUSHER_CAUSE_PEER if we speak this version; else the cause to close with. */
enum pusher_cause pusher_check_protocol(struct span protocol);

/* ---- from the client ---- */

enum pusher_type {
	PUSHER_SUBSCRIBE = 0,
	PUSHER_UNSUBSCRIBE,
	PUSHER_PING,
	PUSHER_PONG,
	PUSHER_SIGNIN,
	PUSHER_CLIENT_EVENT,
	PUSHER_INVALID, /* malformed; why holds the reason */
};

struct pusher_message {
	enum pusher_type type;
	struct span channel; /* of (un)subscribe and client events; may be
				absent or malformed */
	struct span auth;    /* of subscribe and signin */
	struct span channel_data, user_data; /* absent: none */
	/* Of a client event: its name and its data. A string is taken as it is;
	 * any other value as its JSON text. */
	struct span event, event_data;
	const char *why;                 /* static memory */
	struct json_object *root, *data; /* own the bytes of the spans */
};

/* Decodes a text message. The caller releases it with pusher_message_release,
 * whatever the type. */
void pusher_decode(struct span text, struct pusher_message *message);

void pusher_message_release(struct pusher_message *message);

/* The maximum length of a user's id, in characters, and of user_info, in
 * bytes. */
#define PUSHER_USER_ID_MAX 128
#define PUSHER_USER_INFO_MAX 1024

/* The user that channel_data or user_data names. */
struct pusher_member {
	struct span user_id;
	struct span user_info; /* a JSON text; absent: none */
	struct json_object *root;
};

/* Decode the member of a presence channel, and the user who signs in. Return
 * NULL, and the caller releases *member with pusher_member_release; or the
 * error in the data, static memory. user_info points into the data. */
const char *pusher_decode_member(struct span channel_data,
				 struct pusher_member *member) MUST_CHECK;
const char *pusher_decode_user(struct span user_data,
			       struct pusher_member *member) MUST_CHECK;

void pusher_member_release(struct pusher_member *member);

/* The maximum length of a watchlist; further users are ignored. */
#define PUSHER_WATCHLIST_MAX 100

struct pusher_watchlist {
	struct span users[PUSHER_WATCHLIST_MAX];
	size_t count;
	struct json_object *root;
};

/* The users on the watchlist in user_data, without duplicates; empty if it has
 * none. user_data has been decoded before. The caller releases *list with
 * pusher_watchlist_release. */
void pusher_decode_watchlist(struct span user_data,
			     struct pusher_watchlist *list);

void pusher_watchlist_release(struct pusher_watchlist *list);

/* ---- to the client: each adds one event ---- */

void pusher_add_established(struct buf *buf, uint64_t socket_id,
			    int64_t activity_timeout_s);

/* code 0 is written as null. detail may be absent; it must be UTF-8. */
void pusher_add_error(struct buf *buf, int code, const char *message,
		      struct span detail);

/* Like pusher_add_error, but about a channel, not the connection. type is a
 * machine-readable word, status the HTTP status of the same error. */
void pusher_add_subscription_error(struct buf *buf, struct span channel,
				   const char *type, struct span message,
				   int status);

void pusher_add_ping(struct buf *buf);
void pusher_add_pong(struct buf *buf);

/* user_id NULL: the event has none. */
void pusher_add_client_event(struct buf *buf, struct span event,
			     struct span channel, struct span data,
			     const char *user_id);

/* Whether an outgoing event is a client's. */
bool pusher_is_client_event(struct span text);

void pusher_add_signed_in(struct buf *buf, struct span user_data);

/* Where a subscriber reads the events that it missed. */
struct pusher_history {
	int64_t base;
	const char *epoch;
	struct span grant; /* empty: not needed */
};

/* history NULL: the channel has none. presence: "presence":{…}, or empty. */
void pusher_add_subscribed(struct buf *buf, struct span channel,
			   const struct pusher_history *history,
			   struct span presence);

/* user_info is a JSON text, or empty. */
void pusher_add_member(struct buf *buf, bool is_added, struct span channel,
		       struct span user_id, struct span user_info);

/* The cache channel holds no event. */
void pusher_add_cache_miss(struct buf *buf, struct span channel);

void pusher_add_count(struct buf *buf, struct span channel, uint32_t count);

/* Reports which users on the watchlist came online and went offline. */
void pusher_add_watchlist(struct buf *buf, const struct span *online,
			  size_t online_count, const struct span *offline,
			  size_t offline_count);

#endif
