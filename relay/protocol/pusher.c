/* SPDX-License-Identifier: MIT
 *
 * Decodes and encodes the protocol's messages; no sockets, no state.
 */
#include "relay/protocol/pusher.h"

#include <assert.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "common/wire/socket_id.h"

#define ROW(cause, name, code, reason)                                         \
	[PUSHER_CAUSE_##cause] = { name, code, reason, PUSHER_CAUSE_##cause }

const struct close_cause pusher_causes[PUSHER_CAUSES] = {
	ROW(PEER, "peer", 1000, ""),
	ROW(BAD_HANDSHAKE, "handshake", 0, ""),
	ROW(HANDSHAKE_TIMEOUT, "handshake-timeout", 0, ""),
	ROW(BAD_FRAME, "frame", 1002, "Protocol error"),
	ROW(BINARY, "binary", 1003, "Binary messages are not supported"),
	ROW(BAD_UTF8, "utf8", 1007, "Invalid UTF-8"),
	ROW(TOO_LARGE, "size", 1009, "Message too large"),
	ROW(APP_UNKNOWN, "app", 4001, "Application does not exist"),
	ROW(APP_DISABLED, "disabled", 4003, "Application disabled"),
	ROW(OVER_QUOTA, "quota", 4004, "Application is over connection quota"),
	ROW(VERSION_BAD, "version", 4006, "Invalid version string format"),
	ROW(VERSION_UNSUPPORTED, "protocol", 4007,
	    "Unsupported protocol version"),
	ROW(VERSION_MISSING, "no-protocol", 4008,
	    "No protocol version supplied"),
	ROW(UNAUTHORIZED, "unauthorized", 4009,
	    "Connection not authorized within timeout"),
	ROW(SLOW, "slow", 4100, "Too slow: reconnect and backfill"),
	ROW(LOG_AWAY, "log-away", 4100, "History unavailable: reconnect"),
	ROW(DRAIN, "drain", 4200, "Server restarting"),
	ROW(ORPHANED, "orphaned", 4100, "Server restarting"),
	ROW(EPOCH, "epoch", 4200, "Epoch changed: start over"),
	ROW(TRIMMED, "trimmed", 4200, "History trimmed: start over"),
	ROW(PONG_MISSING, "pong", 4201, "Pong reply not received"),
	ROW(TERMINATED, "terminated", 4009, "Terminated by the application"),
	ROW(IDLE, "idle", 4202,
	    "Closed after inactivity: nothing was subscribed to"),
};

_Static_assert(PUSHER_CAUSES <= CLOSE_CAUSES_MAX, "raise the maximum");

/* The value of a query parameter; absent if the query lacks it. The values that
 * we read need no percent-decoding. */
static struct span query_get(struct span query, const char *name)
{
	size_t name_len = strlen(name);

	while (query.len > 0) {
		const char *amp = memchr(query.ptr, '&', query.len);
		size_t len = amp ? (size_t)(amp - query.ptr) : query.len;

		if (len > name_len && query.ptr[name_len] == '=' &&
		    memcmp(query.ptr, name, name_len) == 0)
			return span_of(query.ptr + name_len + 1,
				       len - name_len - 1);
		if (amp == NULL)
			break;
		query = span_of(amp + 1, query.len - len - 1);
	}
	return span_of(NULL, 0);
}

int pusher_parse_target(struct span target, struct span *key,
			struct span *protocol)
{
	static const char prefix[] = "/app/";
	struct span query = span_of(NULL, 0);
	const char *mark;

	if (!span_starts(target, prefix))
		return -1;
	*key = span_of(target.ptr + strlen(prefix),
		       target.len - strlen(prefix));
	mark = memchr(key->ptr, '?', key->len);
	if (mark != NULL) {
		size_t key_len = (size_t)(mark - key->ptr);

		query = span_of(mark + 1, key->len - key_len - 1);
		key->len = key_len;
	}
	if (key->len == 0 || memchr(key->ptr, '/', key->len) != NULL)
		return -1;
	*protocol = query_get(query, "protocol");
	return 0;
}

enum pusher_cause pusher_check_protocol(struct span protocol)
{
	int64_t version;

	if (protocol.len == 0)
		return PUSHER_CAUSE_VERSION_MISSING;
	if (text_parse_int(protocol, &version) == -1)
		return PUSHER_CAUSE_VERSION_BAD;
	/* some client libraries name 5 or 6; for public channels these differ
	 * from 7 in nothing that we send or read */
	if (version < 5 || version > 7)
		return PUSHER_CAUSE_VERSION_UNSUPPORTED;
	return PUSHER_CAUSE_PEER;
}

static void invalid(struct pusher_message *message, const char *why)
{
	message->type = PUSHER_INVALID;
	message->why = why;
}

/* data as an object: pusher-js sends an object, other libraries a string that
 * holds one. NULL if it is neither. */
static struct json_object *get_data(struct pusher_message *message)
{
	struct json_object *member;
	const char *why;

	if (!json_object_object_get_ex(message->root, "data", &member))
		return NULL;
	if (json_object_is_type(member, json_type_object))
		return member;
	if (!json_object_is_type(member, json_type_string) ||
	    json_parse_object(json_get_string(message->root, "data"),
			      &message->data, &why) == -1)
		return NULL;
	return message->data;
}

static void decode_subscription(struct pusher_message *message,
				enum pusher_type type)
{
	struct json_object *data = get_data(message);

	if (data == NULL) {
		invalid(message, "data must be an object");
		return;
	}
	message->type = type;
	message->channel = json_get_string(data, "channel");
	message->auth = json_get_string(data, "auth");
	message->channel_data = json_get_string(data, "channel_data");
}

static void decode_signin(struct pusher_message *message)
{
	struct json_object *data = get_data(message);

	if (data == NULL) {
		invalid(message, "data must be an object");
		return;
	}
	message->type = PUSHER_SIGNIN;
	message->auth = json_get_string(data, "auth");
	message->user_data = json_get_string(data, "user_data");
}

/* Libraries other than pusher-js want data to be a string. */
static void decode_client_event(struct pusher_message *message,
				struct span text)
{
	message->type = PUSHER_CLIENT_EVENT;
	message->event = json_get_string(message->root, "event");
	message->channel = json_get_string(message->root, "channel");
	message->event_data = json_get_string(message->root, "data");
	if (message->event_data.ptr == NULL)
		message->event_data = json_get_text(text, "data");
	if (message->event_data.ptr == NULL)
		message->event_data = span_str("null");
}

void pusher_decode(struct span text, struct pusher_message *message)
{
	struct span event;
	const char *why;

	memset(message, 0, sizeof(*message));
	if (json_parse_object(text, &message->root, &why) == -1) {
		invalid(message, why);
		return;
	}
	event = json_get_string(message->root, "event");
	if (span_is(event, "pusher:subscribe")) {
		decode_subscription(message, PUSHER_SUBSCRIBE);
	} else if (span_is(event, "pusher:unsubscribe")) {
		decode_subscription(message, PUSHER_UNSUBSCRIBE);
	} else if (span_is(event, "pusher:signin")) {
		decode_signin(message);
	} else if (span_is(event, "pusher:ping")) {
		message->type = PUSHER_PING;
	} else if (span_is(event, "pusher:pong")) {
		message->type = PUSHER_PONG;
	} else if (span_starts(event, "client-")) {
		decode_client_event(message, text);
	} else if (event.ptr == NULL) {
		invalid(message, "event must be a string");
	} else {
		invalid(message, "unknown event");
	}
}

void pusher_message_release(struct pusher_message *message)
{
	json_object_put(message->data);
	json_object_put(message->root);
	message->data = message->root = NULL;
}

/* A user's id: a string, or the text of a number. */
static struct span get_id(struct json_object *object, struct span text,
			  const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member))
		return span_of(NULL, 0);
	if (json_object_is_type(member, json_type_int) ||
	    json_object_is_type(member, json_type_double))
		return json_get_text(text, key);
	return json_get_string(object, key);
}

static const char *check_member(const struct pusher_member *member)
{
	if (member->user_id.len == 0)
		return "user_id must be a string or a number";
	if (text_count_characters(member->user_id) > PUSHER_USER_ID_MAX)
		return "user_id is too long";
	if (member->user_info.len > PUSHER_USER_INFO_MAX)
		return "user_info is too large";
	return NULL;
}

const char *pusher_decode_member(struct span channel_data,
				 struct pusher_member *member)
{
	const char *why;

	memset(member, 0, sizeof(*member));
	if (channel_data.ptr == NULL)
		return "channel_data is missing";
	if (json_parse_object(channel_data, &member->root, &why) == -1)
		return why;
	member->user_id = get_id(member->root, channel_data, "user_id");
	member->user_info = json_get_text(channel_data, "user_info");
	why = check_member(member);
	if (why != NULL)
		pusher_member_release(member);
	return why;
}

/* Whether this user's own channel would have a valid name. */
static bool has_channel(struct span user_id)
{
	struct buf name = BUF_INIT;
	bool result;

	channel_name_add_user(&name, user_id);
	result = channel_name_user(buf_span(&name)).ptr != NULL;
	buf_release(&name);
	return result;
}

static const char *check_user(const struct pusher_member *member)
{
	if (member->user_id.len == 0)
		return "id must be a string";
	if (text_count_characters(member->user_id) > PUSHER_USER_ID_MAX)
		return "id is too long";
	if (!has_channel(member->user_id))
		return "no user can have this id";
	return NULL;
}

const char *pusher_decode_user(struct span user_data,
			       struct pusher_member *member)
{
	const char *why;

	memset(member, 0, sizeof(*member));
	if (user_data.ptr == NULL)
		return "user_data is missing";
	if (json_parse_object(user_data, &member->root, &why) == -1)
		return why;
	member->user_id = json_get_string(member->root, "id");
	member->user_info = json_get_text(user_data, "user_info");
	why = check_user(member);
	if (why != NULL)
		pusher_member_release(member);
	return why;
}

void pusher_member_release(struct pusher_member *member)
{
	json_object_put(member->root);
	member->root = NULL;
}

static bool is_watched(const struct pusher_watchlist *list, struct span user)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (span_equal(list->users[i], user))
			return true;
	return false;
}

static void watch(struct pusher_watchlist *list, struct json_object *name)
{
	struct span user;

	if (!json_object_is_type(name, json_type_string))
		return;
	user = span_of(json_object_get_string(name),
		       (size_t)json_object_get_string_len(name));
	if (!is_watched(list, user))
		list->users[list->count++] = user;
}

void pusher_decode_watchlist(struct span user_data,
			     struct pusher_watchlist *list)
{
	struct json_object *names;
	const char *why;
	size_t i;

	*list = (struct pusher_watchlist){ .count = 0 };
	if (json_parse_object(user_data, &list->root, &why) == -1 ||
	    !json_object_object_get_ex(list->root, "watchlist", &names) ||
	    !json_object_is_type(names, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(names) &&
		    list->count < PUSHER_WATCHLIST_MAX;
	     i++)
		watch(list, json_object_array_get_idx(names, i));
}

void pusher_watchlist_release(struct pusher_watchlist *list)
{
	json_object_put(list->root);
	list->root = NULL;
}

void pusher_add_established(struct buf *buf, uint64_t socket_id,
			    int64_t activity_timeout_s)
{
	buf_add_str(buf, "{\"event\":\"pusher:connection_established\","
			 "\"data\":\"{\\\"socket_id\\\":\\\"");
	socket_id_add(buf, socket_id);
	buf_add_str(buf, "\\\",\\\"activity_timeout\\\":");
	buf_add_int(buf, activity_timeout_s);
	buf_add_str(buf, "}\"}");
}

void pusher_add_error(struct buf *buf, int code, const char *message,
		      struct span detail)
{
	buf_add_str(buf, "{\"event\":\"pusher:error\",\"data\":{\"code\":");
	if (code == 0)
		buf_add_str(buf, "null");
	else
		buf_add_int(buf, code);
	buf_add_str(buf, ",\"message\":\"");
	json_add_escaped(buf, span_str(message));
	json_add_escaped(buf, detail);
	buf_add_str(buf, "\"}}");
}

void pusher_add_subscription_error(struct buf *buf, struct span channel,
				   const char *type, struct span message,
				   int status)
{
	buf_add_str(buf, "{\"event\":\"pusher:subscription_error\","
			 "\"channel\":");
	json_add_string(buf, channel);
	buf_add_str(buf, ",\"data\":{\"type\":\"");
	buf_add_str(buf, type);
	buf_add_str(buf, "\",\"error\":");
	json_add_string(buf, message);
	buf_add_str(buf, ",\"status\":");
	buf_add_int(buf, status);
	buf_add_str(buf, "}}");
}

void pusher_add_ping(struct buf *buf)
{
	buf_add_str(buf, "{\"event\":\"pusher:ping\",\"data\":\"{}\"}");
}

void pusher_add_pong(struct buf *buf)
{
	buf_add_str(buf, "{\"event\":\"pusher:pong\",\"data\":\"{}\"}");
}

void pusher_add_client_event(struct buf *buf, struct span event,
			     struct span channel, struct span data,
			     const char *user_id)
{
	buf_add_str(buf, "{\"event\":");
	json_add_string(buf, event);
	buf_add_str(buf, ",\"channel\":");
	json_add_string(buf, channel);
	buf_add_str(buf, ",\"data\":");
	json_add_string(buf, data);
	if (user_id != NULL) {
		buf_add_str(buf, ",\"user_id\":");
		json_add_string(buf, span_str(user_id));
	}
	buf_add_char(buf, '}');
}

bool pusher_is_client_event(struct span text)
{
	return span_starts(text, "{\"event\":\"client-");
}

void pusher_add_signed_in(struct buf *buf, struct span user_data)
{
	buf_add_str(buf, "{\"event\":\"pusher:signin_success\",\"data\":"
			 "{\"user_data\":");
	json_add_string(buf, user_data);
	buf_add_str(buf, "}}");
}

/* {"event":"pusher_internal:{name}","channel":"…","data":" */
static void begin_internal(struct buf *buf, const char *name,
			   struct span channel)
{
	buf_add_str(buf, "{\"event\":\"pusher_internal:");
	buf_add_str(buf, name);
	buf_add_str(buf, "\",\"channel\":");
	json_add_string(buf, channel);
	buf_add_str(buf, ",\"data\":\"");
}

static void add_history(struct buf *buf, const struct pusher_history *history)
{
	buf_add_str(buf, "\\\"base\\\":");
	buf_add_int(buf, history->base);
	buf_add_str(buf, ",\\\"epoch\\\":\\\"");
	buf_add_str(buf, history->epoch);
	buf_add_str(buf, "\\\"");
	if (history->grant.len == 0)
		return;
	buf_add_str(buf, ",\\\"grant\\\":\\\"");
	buf_add_span(buf, history->grant);
	buf_add_str(buf, "\\\"");
}

void pusher_add_subscribed(struct buf *buf, struct span channel,
			   const struct pusher_history *history,
			   struct span presence)
{
	begin_internal(buf, "subscription_succeeded", channel);
	buf_add_char(buf, '{');
	if (history != NULL)
		add_history(buf, history);
	if (history != NULL && presence.len > 0)
		buf_add_char(buf, ',');
	json_add_escaped(buf, presence);
	buf_add_str(buf, "}\"}");
}

void pusher_add_member(struct buf *buf, bool is_added, struct span channel,
		       struct span user_id, struct span user_info)
{
	struct buf data = BUF_INIT;

	buf_add_str(&data, "{\"user_id\":");
	json_add_string(&data, user_id);
	if (is_added && user_info.len > 0) {
		buf_add_str(&data, ",\"user_info\":");
		buf_add_span(&data, user_info);
	}
	buf_add_char(&data, '}');
	begin_internal(buf, is_added ? "member_added" : "member_removed",
		       channel);
	json_add_escaped(buf, buf_span(&data));
	buf_add_str(buf, "\"}");
	buf_release(&data);
}

void pusher_add_cache_miss(struct buf *buf, struct span channel)
{
	buf_add_str(buf, "{\"event\":\"pusher:cache_miss\",\"channel\":");
	json_add_string(buf, channel);
	buf_add_char(buf, '}');
}

void pusher_add_count(struct buf *buf, struct span channel, uint32_t count)
{
	begin_internal(buf, "subscription_count", channel);
	buf_addf(buf, "{\\\"subscription_count\\\":%u}\"}", count);
}

static void add_watched(struct buf *data, const char *name,
			const struct span *users, size_t count)
{
	size_t i;

	if (count == 0)
		return;
	if (data->data[data->len - 1] == '}')
		buf_add_char(data, ',');
	buf_add_str(data, "{\"name\":\"");
	buf_add_str(data, name);
	buf_add_str(data, "\",\"user_ids\":[");
	for (i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(data, ',');
		json_add_string(data, users[i]);
	}
	buf_add_str(data, "]}");
}

void pusher_add_watchlist(struct buf *buf, const struct span *online,
			  size_t online_count, const struct span *offline,
			  size_t offline_count)
{
	struct buf data = BUF_INIT;

	buf_add_str(&data, "{\"events\":[");
	add_watched(&data, "online", online, online_count);
	add_watched(&data, "offline", offline, offline_count);
	buf_add_str(&data, "]}");
	buf_add_str(buf, "{\"event\":\"pusher_internal:watchlist_events\","
			 "\"data\":\"");
	json_add_escaped(buf, buf_span(&data));
	buf_add_str(buf, "\"}");
	buf_release(&data);
}
