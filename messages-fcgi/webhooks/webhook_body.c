/* SPDX-License-Identifier: MIT
 *
 * Joins the JSON of events, which the relays wrote.
 */
#include "messages-fcgi/webhooks/webhook_body.h"

#include "common/base/crypto.h"
#include "common/base/json.h"

/* Whether it is an event of a type in the hook. A malformed one would make the
 * whole body unreadable. */
static bool is_wanted(const struct webhook *hook, struct span json)
{
	struct json_object *event;
	struct span name;
	const char *why;
	bool is;

	if (json.ptr == NULL || json_parse_object(json, &event, &why) == -1)
		return false;
	name = json_get_string(event, "name");
	is = name.ptr != NULL && webhook_wants(hook, name);
	json_object_put(event);
	return is;
}

size_t webhook_body_count(const struct webhook *hook,
			  const struct webhook_event *events, size_t count)
{
	size_t wanted = 0, i;

	for (i = 0; i < count; i++)
		wanted += is_wanted(hook, events[i].json);
	return wanted;
}

size_t webhook_body_add(struct buf *body, const struct webhook *hook,
			const struct webhook_event *events, size_t count)
{
	struct buf list = BUF_INIT;
	size_t wanted = 0, i;
	int64_t time_ms = 0;

	for (i = 0; i < count; i++) {
		if (!is_wanted(hook, events[i].json))
			continue;
		if (wanted++ > 0)
			buf_add_char(&list, ',');
		buf_add_span(&list, events[i].json);
		time_ms = events[i].time_ms;
	}
	buf_add_str(body, "{\"time_ms\":");
	buf_add_int(body, time_ms);
	buf_add_str(body, ",\"events\":[");
	buf_add_span(body, buf_span(&list));
	buf_add_str(body, "]}");
	buf_release(&list);
	return wanted;
}

void webhook_body_sign(struct buf *signature, const struct app *app,
		       struct span body)
{
	uint8_t mac[CRYPTO_SHA256_BYTES];

	crypto_hmac_sha256(span_str(app->secret), body, mac);
	crypto_add_hex(signature, mac, sizeof(mac));
}
