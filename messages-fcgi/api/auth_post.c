/* SPDX-License-Identifier: MIT
 *
 * Signs subscriptions and sign-ins of pages. The web server authenticates
 * users. Every user may subscribe to every channel; an application with finer
 * rules has an endpoint of its own.
 */
#include "messages-fcgi/api/auth_post.h"

#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "common/wire/auth.h"
#include "common/wire/socket_id.h"
#include "messages-fcgi/http/form_body.h"

/* The maximum length of a user id in the protocol. */
#define USER_MAX_BYTES 128

#define ANYONE "anyone"

/* Sends the signature, or -1 and the problem. */
typedef int sign_fn(const struct call *call, const struct form *form,
		    struct problem *problem);

const char *auth_post_check_mode(const char *mode)
{
	return strcmp(mode, "remote-user") == 0 || strcmp(mode, ANYONE) == 0
		       ? NULL
		       : "is not one of remote-user, anyone";
}

/* The field's text; absent if there is none. */
static struct span take_field(const struct form *form, const char *name)
{
	const struct form_field *field = form_find(form, name);

	return field != NULL ? field->value : span_of(NULL, 0);
}

static int take_auth_socket_id(const struct form *form, struct span *socket_id,
			       struct problem *problem)
{
	*socket_id = take_field(form, "socket_id");
	if (socket_id_parse(*socket_id) == 0)
		return problem_set(problem, 400, "socket_id",
				   "socket_id is not one");
	return 0;
}

static int take_channel_name(const struct app *app, const struct form *form,
			     struct span *channel, struct problem *problem)
{
	*channel = take_field(form, "channel_name");
	if (!channel_name_is_valid(*channel))
		return problem_set(problem, 400, "channel_name",
				   "channel_name is not a valid channel name");
	if (channel_name_is_public(*channel))
		return problem_set(problem, 400, "channel_name",
				   "this channel is open for all");
	if (channel_name_kind(*channel) == CHANNEL_NAME_ENCRYPTED &&
	    app->encryption_master_key[0] == '\0')
		return problem_set(problem, 403, "channel_name",
				   "the key of encrypted channels is not "
				   "known here");
	return 0;
}

static bool has_control(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return true;
	return false;
}

/* The id of the user; empty if the request names none. */
static int take_user(const struct call *call, const struct form *form,
		     struct span *user, struct problem *problem)
{
	*user = call->request->remote_user;
	if (strcmp(call->context->auth, ANYONE) == 0)
		*user = take_field(form, "name");
	else if (user->len == 0)
		return problem_set(problem, 403, NULL,
				   "the web server does not say who this is");
	if (user->len > USER_MAX_BYTES || !text_is_utf8(*user) ||
	    has_control(*user))
		return problem_set(problem, 400, "name",
				   "name is not a line of at most %d bytes",
				   USER_MAX_BYTES);
	return 0;
}

static int need_user(struct span user, struct problem *problem)
{
	return user.len > 0
		       ? 0
		       : problem_set(problem, 400, "name", "name is missing");
}

/* {"user_id":"Ada","user_info":{"name":"Ada"}}, the first under that key. */
static void add_user(struct buf *buf, const char *key, struct span user)
{
	buf_add_str(buf, "{\"");
	buf_add_str(buf, key);
	buf_add_str(buf, "\":");
	json_add_string(buf, user);
	buf_add_str(buf, ",\"user_info\":{\"name\":");
	json_add_string(buf, user);
	buf_add_str(buf, "}}");
}

/* Adds the key of an encrypted channel, derived from the master key. */
static void add_shared_secret(struct buf *buf, const struct app *app,
			      struct span channel)
{
	uint8_t key[APP_MASTER_KEY_BYTES], digest[CRYPTO_SHA256_BYTES];
	struct span base64 = span_str(app->encryption_master_key);
	struct buf text = BUF_INIT;

	if (crypto_parse_base64(base64, key, sizeof(key)) == -1)
		fatalx("an app's encryption key was not checked");
	buf_add_span(&text, channel);
	buf_add(&text, key, sizeof(key));
	crypto_sha256(buf_span(&text), digest);
	crypto_add_base64(buf, digest, sizeof(digest));
	buf_release(&text);
}

/* Adds nothing if value is empty. */
static void add_auth_member(struct buf *body, const char *key,
			    struct span value)
{
	if (value.len == 0)
		return;
	buf_add_char(body, body->len == 0 ? '{' : ',');
	json_add_string(body, span_str(key));
	buf_add_char(body, ':');
	json_add_string(body, value);
}

/* Sends auth, data under the given key, and the grant. The last two may be
 * empty. */
static void send_auth(struct response *response, const struct buf *auth,
		      const char *key, const struct buf *data,
		      const struct buf *grant)
{
	struct buf body = BUF_INIT;

	add_auth_member(&body, "auth", buf_span(auth));
	add_auth_member(&body, key, buf_span(data));
	add_auth_member(&body, "grant", buf_span(grant));
	buf_add_char(&body, '}');
	response_json(response, buf_span(&body));
	buf_release(&body);
}

static int sign_channel(const struct call *call, const struct form *form,
			struct problem *problem)
{
	const struct app *app = call->context->page;
	struct buf auth = BUF_INIT, data = BUF_INIT, secret = BUF_INIT;
	struct buf grant = BUF_INIT;
	struct span socket_id, channel, user;

	if (take_auth_socket_id(form, &socket_id, problem) == -1 ||
	    take_channel_name(app, form, &channel, problem) == -1 ||
	    take_user(call, form, &user, problem) == -1)
		return -1;
	if (channel_name_kind(channel) == CHANNEL_NAME_ENCRYPTED) {
		add_shared_secret(&secret, app, channel);
	} else if (channel_name_kind(channel) == CHANNEL_NAME_PRESENCE) {
		if (need_user(user, problem) == -1)
			return -1;
		add_user(&data, "user_id", user);
	}
	auth_add_channel(&auth, app, socket_id, channel, buf_span(&data));
	if (app_is_durable(app, channel))
		auth_add_grant(&grant, app, channel, user,
			       clock_wall_s() + AUTH_GRANT_S);
	if (secret.len > 0)
		send_auth(call->response, &auth, "shared_secret", &secret,
			  &grant);
	else
		send_auth(call->response, &auth, "channel_data", &data, &grant);
	buf_release(&auth);
	buf_release(&grant);
	buf_release(&data);
	buf_release(&secret);
	return 0;
}

static int sign_user(const struct call *call, const struct form *form,
		     struct problem *problem)
{
	const struct app *app = call->context->page;
	struct buf auth = BUF_INIT, data = BUF_INIT, none = BUF_INIT;
	struct span socket_id, user;

	if (take_auth_socket_id(form, &socket_id, problem) == -1 ||
	    take_user(call, form, &user, problem) == -1 ||
	    need_user(user, problem) == -1)
		return -1;
	add_user(&data, "id", user);
	auth_add_user(&auth, app, socket_id, buf_span(&data));
	send_auth(call->response, &auth, "user_data", &data, &none);
	buf_release(&auth);
	buf_release(&data);
	return 0;
}

static void answer_auth_post(const struct call *call, sign_fn *sign)
{
	struct form form = FORM_INIT;
	struct problem problem;

	if (form_body_parse(&form, call->request, &problem) == -1 ||
	    sign(call, &form, &problem) == -1)
		response_problem(call->response, &problem);
	form_release(&form);
}

void auth_post_channel(const struct call *call)
{
	answer_auth_post(call, sign_channel);
}

void auth_post_user(const struct call *call)
{
	answer_auth_post(call, sign_user);
}
