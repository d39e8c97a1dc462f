/* SPDX-License-Identifier: MIT
 *
 * Builds the signed texts. It does not decide who may have a signature.
 */
#include "common/wire/auth.h"

#include "common/base/crypto.h"
#include "common/base/text.h"

/* Longest user id in a grant: 128 characters of UTF-8. */
#define USER_MAX_BYTES 512

static void add_hmac(struct buf *buf, const struct app *app,
		     const struct buf *text)
{
	uint8_t signature[CRYPTO_SHA256_BYTES];

	crypto_hmac_sha256(span_str(app->secret), buf_span(text), signature);
	crypto_add_hex(buf, signature, sizeof(signature));
}

static void add_signature(struct buf *buf, const struct app *app,
			  const struct buf *text)
{
	buf_add_str(buf, app->key);
	buf_add_char(buf, ':');
	add_hmac(buf, app, text);
}

void auth_add_channel(struct buf *buf, const struct app *app,
		      struct span socket_id, struct span channel,
		      struct span channel_data)
{
	struct buf text = BUF_INIT;

	buf_add_span(&text, socket_id);
	buf_add_char(&text, ':');
	buf_add_span(&text, channel);
	if (channel_data.ptr != NULL) {
		buf_add_char(&text, ':');
		buf_add_span(&text, channel_data);
	}
	add_signature(buf, app, &text);
	buf_release(&text);
}

void auth_add_user(struct buf *buf, const struct app *app,
		   struct span socket_id, struct span user_data)
{
	struct buf text = BUF_INIT;

	buf_add_span(&text, socket_id);
	buf_add_str(&text, "::user::");
	buf_add_span(&text, user_data);
	add_signature(buf, app, &text);
	buf_release(&text);
}

/* Whether auth equals expected, which it releases. */
static bool is_expected(struct span auth, struct buf *expected)
{
	bool result = crypto_equal(auth, buf_span(expected));

	buf_release(expected);
	return result;
}

bool auth_check_channel(const struct app *app, struct span auth,
			struct span socket_id, struct span channel,
			struct span channel_data)
{
	struct buf expected = BUF_INIT;

	auth_add_channel(&expected, app, socket_id, channel, channel_data);
	return is_expected(auth, &expected);
}

bool auth_check_user(const struct app *app, struct span auth,
		     struct span socket_id, struct span user_data)
{
	struct buf expected = BUF_INIT;

	auth_add_user(&expected, app, socket_id, user_data);
	return is_expected(auth, &expected);
}

void auth_add_grant(struct buf *buf, const struct app *app, struct span channel,
		    struct span user, int64_t expiry_s)
{
	struct buf text = BUF_INIT;

	/* user is last, because only a user id may contain a line feed */
	buf_addf(&text, "grant\n%s\n%lld\n", app->id, (long long)expiry_s);
	buf_add_span(&text, channel);
	buf_add_char(&text, '\n');
	buf_add_span(&text, user);
	buf_add_int(buf, expiry_s);
	buf_add_char(buf, ':');
	crypto_add_hex(buf, user.ptr, user.len);
	buf_add_char(buf, ':');
	add_hmac(buf, app, &text);
	buf_release(&text);
}

/* Takes the part before the next colon off *rest; -1 if there is no colon. */
static int take_grant_field(struct span *rest, struct span *field)
{
	const char *colon =
		rest->len > 0 ? memchr(rest->ptr, ':', rest->len) : NULL;

	if (colon == NULL)
		return -1;
	*field = span_of(rest->ptr, (size_t)(colon - rest->ptr));
	*rest = span_of(colon + 1, rest->len - field->len - 1);
	return 0;
}

/* Decodes the user id, at most USER_MAX_BYTES, from hexadecimal in any case. */
static int parse_grant_user(struct span hex, char *user)
{
	size_t i;

	if (hex.len % 2 != 0 || hex.len / 2 > USER_MAX_BYTES)
		return -1;
	for (i = 0; i < hex.len; i += 2) {
		int high = text_hex_value(hex.ptr[i]);
		int low = text_hex_value(hex.ptr[i + 1]);

		if (high == -1 || low == -1)
			return -1;
		user[i / 2] = (char)(high << 4 | low);
	}
	return 0;
}

bool auth_check_grant(const struct app *app, struct span channel,
		      struct span grant, int64_t now_s)
{
	struct span rest = grant, expiry, user;
	struct buf expected = BUF_INIT;
	char bytes[USER_MAX_BYTES];
	int64_t expiry_s;

	if (take_grant_field(&rest, &expiry) == -1 ||
	    take_grant_field(&rest, &user) == -1 ||
	    text_parse_int(expiry, &expiry_s) == -1 ||
	    parse_grant_user(user, bytes) == -1)
		return false;
	auth_add_grant(&expected, app, channel, span_of(bytes, user.len / 2),
		       expiry_s);
	return is_expected(grant, &expected) && now_s < expiry_s;
}
