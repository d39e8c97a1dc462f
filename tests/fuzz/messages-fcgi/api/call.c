/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/signature and trigger, as POST /apps/{id}/events uses them.
 * The input is a query, a line break, and a body. A refusal has a reason in
 * UTF-8; accepted events keep the limits; an unsigned request is refused, and
 * one that is signed here is accepted.
 */
#include "messages-fcgi/api/signature.h"
#include "messages-fcgi/api/trigger.h"

#include "common/base/crypto.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1353088179

static char key[] = "key", secret[] = "a secret of sixteen", list[] = "a-*";
static const struct app app = { .key = key,
				.secret = secret,
				.channels = list,
				.durable_channels = list,
				.event_max_bytes = 100 };

static void check_fault(const struct api_error *error)
{
	MUST(error->status >= 400 && error->status < 500);
	MUST(error->text.len > 0 && text_is_utf8(buf_span(&error->text)));
}

/* Signs the request; then only the other checks may refuse it. */
static void sign(const struct signature_request *unsigned_request)
{
	struct buf text = BUF_INIT, hex = BUF_INIT;
	struct signature_request request = *unsigned_request;
	struct api_error error = { .status = 0 };
	struct form form = *request.query;
	uint8_t hmac[CRYPTO_SHA256_BYTES];
	const char *why;

	request.query = &form;
	signature_add_text(&text, &request);
	crypto_hmac_sha256(span_str(secret), buf_span(&text), hmac);
	crypto_add_hex(&hex, hmac, sizeof(hmac));
	if (form_add(&form, span_str("auth_signature"), buf_span(&hex), &why) ==
		    -1 ||
	    signature_check(&app, &request, &error) == 0)
		goto out;
	/* with the right signature only the others can be at fault */
	check_fault(&error);
	MUST(!span_starts(buf_span(&error.text), "Invalid signature"));
out:
	api_error_release(&error);
	buf_release(&text);
	buf_release(&hex);
}

static void check_signature(struct span query, struct span body)
{
	struct form form = FORM_INIT;
	struct signature_request request = { .method = span_str("POST"),
					     .path = span_str("/apps/1/events"),
					     .query = &form,
					     .body = body,
					     .now_s = NOW };
	struct api_error error = { .status = 0 };
	const char *why;

	if (form_parse_urlencoded(&form, query, &why) == 0) {
		MUST(signature_check(&app, &request, &error) == -1);
		check_fault(&error);
		sign(&request);
	}
	api_error_release(&error);
	form_release(&form);
}

static void check_trigger(struct span body, bool is_batch)
{
	struct api_error error = { .status = 0 };
	struct trigger trigger;
	size_t i;

	if ((is_batch ? trigger_init_batch : trigger_init_event)(
		    &trigger, body, &app, &error) == 0) {
		MUST(trigger.count <= (size_t)(is_batch
						       ? TRIGGER_BATCH_MAX
						       : TRIGGER_CHANNELS_MAX));
		for (i = 0; i < trigger.count; i++) {
			MUST(trigger.events[i].name.len > 0);
			MUST(trigger.events[i].data.len <= 100);
			MUST(text_is_utf8(trigger.events[i].data));
			/* asserts that the name is valid, or is a user's */
			if (trigger.events[i].channel.ptr[0] != '#')
				app_is_durable(&app, trigger.events[i].channel);
		}
	} else {
		check_fault(&error);
	}
	trigger_release(&trigger);
	api_error_release(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of((const char *)data, size), body;
	const char *end = size > 0 ? memchr(data, '\n', size) : NULL;

	if (end == NULL)
		return 0;
	body = span_of(end + 1, size - (size_t)(end + 1 - all.ptr));
	check_signature(span_of(all.ptr, (size_t)(end - all.ptr)), body);
	check_trigger(body, false);
	check_trigger(body, true);
	return 0;
}
