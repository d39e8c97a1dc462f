/* SPDX-License-Identifier: MIT
 *
 * Checks of signatures, and of the few cases that need none.
 */
#include "relay/protocol/authorization.h"

#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "common/config/origin.h"
#include "common/wire/auth.h"
#include "common/wire/socket_id.h"

/* The longest name of a client event, as the protocol has it. */
#define EVENT_NAME_MAX 200

bool authorization_has_origin(const struct app *app, struct span origin)
{
	return app->allowed_origins[0] == '\0' || origin.ptr == NULL ||
	       origin_is_listed(origin, app->allowed_origins);
}

/* Whether the channel is this user's own. */
static bool is_own(const struct authorization *who,
		   const struct pusher_message *message)
{
	return who->user_id != NULL && message->auth.len == 0 &&
	       span_is(channel_name_user(message->channel), who->user_id);
}

static bool is_signed(const struct authorization *who,
		      const struct pusher_message *message)
{
	struct buf socket_id = BUF_INIT;
	bool result;

	socket_id_add(&socket_id, who->socket_id);
	result = auth_check_channel(who->app, message->auth,
				    buf_span(&socket_id), message->channel,
				    message->channel_data);
	buf_release(&socket_id);
	return result;
}

bool authorization_may_subscribe(const struct authorization *who,
				 const struct pusher_message *message)
{
	switch (channel_name_kind(message->channel)) {
	case CHANNEL_NAME_PUBLIC:
		return true;
	case CHANNEL_NAME_USER:
		return is_own(who, message);
	default:
		return is_signed(who, message);
	}
}

static bool is_signed_user(const struct authorization *who,
			   const struct pusher_message *message)
{
	struct buf socket_id = BUF_INIT;
	bool result;

	socket_id_add(&socket_id, who->socket_id);
	result = auth_check_user(who->app, message->auth, buf_span(&socket_id),
				 message->user_data);
	buf_release(&socket_id);
	return result;
}

const char *authorization_check_signin(const struct authorization *who,
				       const struct pusher_message *message,
				       struct pusher_member *user)
{
	if (who->user_id != NULL)
		return "already signed in";
	if (message->user_data.ptr == NULL)
		return "user_data is missing";
	if (!is_signed_user(who, message))
		return "not authorized";
	return pusher_decode_user(message->user_data, user);
}

/* The app's limits for its server's events hold for client events, too. */
const char *
authorization_check_client_event(const struct app *app,
				 const struct pusher_message *message,
				 bool is_subscribed)
{
	enum channel_name_kind kind = channel_name_kind(message->channel);

	if (!app->client_events)
		return "are not enabled for this app";
	if (kind != CHANNEL_NAME_PRIVATE && kind != CHANNEL_NAME_PRESENCE)
		return "need a private or presence channel";
	if (!is_subscribed)
		return "need a subscription to their channel";
	if (text_count_characters(message->event) > EVENT_NAME_MAX)
		return "have names of at most 200 characters";
	if (message->event_data.len > (size_t)app->event_max_bytes)
		return "are larger than this app allows";
	return NULL;
}
