/* SPDX-License-Identifier: MIT
 *
 * relay/pusher: a decoded message is valid text, and decodes to the same when
 * its data is written as a string; an accepted target can be rebuilt from its
 * parts; our answers are JSON for any input.
 */
#include "relay/protocol/pusher.h"

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "tests/fuzz/fuzz.h"

static bool has_channel(enum pusher_type type)
{
	return type == PUSHER_SUBSCRIBE || type == PUSHER_UNSUBSCRIBE;
}

/* The same message as another library would send it. */
static void check_as_string(const struct pusher_message *message)
{
	const char *event = message->type == PUSHER_SUBSCRIBE
				    ? "pusher:subscribe"
				    : "pusher:unsubscribe";
	struct buf data = BUF_INIT, text = BUF_INIT;
	struct pusher_message again;

	buf_add_str(&data, "{\"channel\":");
	json_add_string(&data, message->channel);
	buf_add_char(&data, '}');
	buf_addf(&text, "{\"event\":\"%s\",\"data\":", event);
	json_add_string(&text, buf_span(&data));
	buf_add_char(&text, '}');
	pusher_decode(buf_span(&text), &again);
	MUST(again.type == message->type);
	MUST(span_equal(again.channel, message->channel));
	pusher_message_release(&again);
	buf_release(&data);
	buf_release(&text);
}

static void check_json(struct buf *buf)
{
	struct json_object *object;
	const char *why;

	MUST(json_parse_object(buf_span(buf), &object, &why) == 0);
	MUST(json_get_string(object, "event").ptr != NULL);
	json_object_put(object);
	buf_clear(buf);
}

static void check_message(struct span text)
{
	struct pusher_message message;
	struct buf buf = BUF_INIT;

	pusher_decode(text, &message);
	MUST((message.type == PUSHER_INVALID) == (message.why != NULL));
	MUST(message.type == PUSHER_INVALID || json_scan(text) == NULL);
	MUST(text_is_utf8(message.channel));
	MUST(text_is_utf8(message.auth) && text_is_utf8(message.channel_data) &&
	     text_is_utf8(message.user_data));
	if (has_channel(message.type) && message.channel.ptr != NULL) {
		check_as_string(&message);
		pusher_add_subscribed(&buf, message.channel, NULL,
				      span_of(NULL, 0));
		check_json(&buf);
		pusher_add_subscription_error(&buf, message.channel, "Error",
					      message.channel, 401);
		check_json(&buf);
	}
	if (message.type == PUSHER_CLIENT_EVENT) {
		MUST(message.event_data.ptr != NULL);
		MUST(text_is_utf8(message.event_data));
		pusher_add_client_event(&buf, message.event, message.channel,
					message.event_data, NULL);
		check_json(&buf);
	}
	pusher_add_error(&buf, 0, message.why ? message.why : "?",
			 message.channel);
	check_json(&buf);
	pusher_message_release(&message);
	buf_release(&buf);
}

static void check_member(struct span channel_data)
{
	struct pusher_member member;

	if (pusher_decode_member(channel_data, &member) != NULL) {
		MUST(member.root == NULL);
		return;
	}
	MUST(member.user_id.len > 0 && text_is_utf8(member.user_id));
	MUST(member.user_id.len <= 4 * PUSHER_USER_ID_MAX);
	if (member.user_info.ptr != NULL) {
		MUST(member.user_info.ptr > channel_data.ptr);
		MUST(member.user_info.ptr + member.user_info.len <
		     channel_data.ptr + channel_data.len);
		MUST(json_scan(member.user_info) == NULL);
	}
	pusher_member_release(&member);
}

static void check_user(struct span user_data)
{
	struct pusher_member member;
	struct buf buf = BUF_INIT;

	if (pusher_decode_user(user_data, &member) != NULL) {
		MUST(member.root == NULL);
		return;
	}
	channel_name_add_user(&buf, member.user_id);
	MUST(span_equal(channel_name_user(buf_span(&buf)), member.user_id));
	buf_clear(&buf);
	pusher_add_signed_in(&buf, user_data);
	check_json(&buf);
	pusher_member_release(&member);
	buf_release(&buf);
}

static void check_target(struct span target)
{
	struct span key, protocol;
	enum pusher_cause cause;

	if (pusher_parse_target(target, &key, &protocol) == -1)
		return;
	MUST(key.ptr == target.ptr + 5 && key.len > 0);
	MUST(memchr(key.ptr, '/', key.len) == NULL);
	MUST(memchr(key.ptr, '?', key.len) == NULL);
	if (protocol.ptr != NULL) {
		MUST(protocol.ptr + protocol.len <= target.ptr + target.len);
		MUST(memcmp(protocol.ptr - 9, "protocol=", 9) == 0);
		MUST(memchr(protocol.ptr, '&', protocol.len) == NULL);
	}
	cause = pusher_check_protocol(protocol);
	MUST(cause == PUSHER_CAUSE_PEER || pusher_causes[cause].code >= 4006);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);

	check_message(s);
	check_member(s);
	check_user(s);
	check_target(s);
	return 0;
}
