/* SPDX-License-Identifier: MIT
 *
 * The strings that are signed. Knows neither who asks nor who may.
 */
#include "common/auth.h"

#include "common/crypto.h"

static void add_signature(struct buf *buf, const struct app *app,
			  const struct buf *text)
{
	uint8_t signature[CRYPTO_SHA256_BYTES];

	crypto_hmac_sha256(span_str(app->secret), buf_span(text), signature);
	buf_add_str(buf, app->key);
	buf_add_char(buf, ':');
	crypto_add_hex(buf, signature, sizeof(signature));
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

/* Releases wanted. */
static bool is_wanted(struct span auth, struct buf *wanted)
{
	bool result = crypto_equal(auth, buf_span(wanted));

	buf_release(wanted);
	return result;
}

bool auth_check_channel(const struct app *app, struct span auth,
			struct span socket_id, struct span channel,
			struct span channel_data)
{
	struct buf wanted = BUF_INIT;

	auth_add_channel(&wanted, app, socket_id, channel, channel_data);
	return is_wanted(auth, &wanted);
}

bool auth_check_user(const struct app *app, struct span auth,
		     struct span socket_id, struct span user_data)
{
	struct buf wanted = BUF_INIT;

	auth_add_user(&wanted, app, socket_id, user_data);
	return is_wanted(auth, &wanted);
}
