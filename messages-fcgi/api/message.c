/* SPDX-License-Identifier: MIT
 *
 * The rules for chat messages. After them nothing is left that PostgreSQL
 * could refuse, so one bad message can't fail the batch it is stored in.
 * Knows neither HTTP's bytes nor the log.
 */
#include "messages-fcgi/api/message.h"

#include "common/base/crypto.h"
#include "common/base/text.h"
#include "common/config/channel_name.h"
#include "messages-fcgi/api/escape.h"

/* JSON may write each ASCII character as \uXXXX; nothing grows more. */
#define ENCODING_FACTOR 6
/* Field names, boundaries and part headers, channel and key, and some fields
 * that are ignored. */
#define BODY_SLACK_BYTES 8192
/* ms since 1970, up to the year 10889. */
#define KEY_TIME_BYTES 6

/* The field's bytes, absent if it is not there. */
static int take_bytes(const struct form *form, const char *name,
		      struct span *value, struct problem *problem)
{
	const struct form_field *field = form_find(form, name);

	*value = span_of(NULL, 0);
	if (field == NULL)
		return 0;
	if (field->value.ptr == NULL)
		return problem_set(problem, 400, name, "%s must be a string",
				   name);
	*value = field->value;
	return 0;
}

/* The field's text, which must be there. */
static int take_text(const struct form *form, const char *name,
		     int64_t max_bytes, struct span *value,
		     struct problem *problem)
{
	if (take_bytes(form, name, value, problem) == -1)
		return -1;
	if (value->ptr == NULL)
		return problem_set(problem, 400, name, "%s is missing", name);
	if (value->len > (size_t)max_bytes)
		return problem_set(problem, 413, name,
				   "%s is longer than %lld bytes", name,
				   (long long)max_bytes);
	if (!text_is_utf8(*value))
		return problem_set(problem, 400, name, "%s is not valid UTF-8",
				   name);
	if (memchr(value->ptr, '\0', value->len) != NULL)
		return problem_set(problem, 400, name, "%s contains NUL", name);
	return 0;
}

static int take_channel(const struct form *form, const char *list,
			struct span *channel, struct problem *problem)
{
	if (take_bytes(form, "channel", channel, problem) == -1)
		return -1;
	if (channel->ptr == NULL)
		*channel = span_str(CHANNEL_NAME_DEFAULT);
	if (!channel_name_is_valid(*channel))
		return problem_set(problem, 400, "channel",
				   "channel is not a valid channel name");
	if (!channel_name_is_durable(*channel, list))
		return problem_set(problem, 403, "channel",
				   "this channel is not open for messages");
	return 0;
}

static int take_key(const struct form *form, struct span header,
		    struct span *key, struct problem *problem)
{
	const char *param = "Idempotency-Key";

	/* web servers pass a header that is not there as an empty one */
	*key = header;
	if (header.len == 0) {
		param = "idempotency_key";
		if (take_bytes(form, param, key, problem) == -1)
			return -1;
		if (key->ptr == NULL)
			return 0;
	}
	if (key->len == 0 || key->len > MESSAGE_CLIENT_KEY_MAX)
		return problem_set(problem, 400, param,
				   "%s is not 1 to %d bytes long", param,
				   MESSAGE_CLIENT_KEY_MAX);
	return 0;
}

int message_init(struct message *message, const struct form *form,
		 struct span key_header, const struct message_limits *limits,
		 struct problem *problem)
{
	struct span name, text;
	size_t name_len;

	*message = (struct message){ .storage = BUF_INIT };
	if (take_text(form, "name", limits->name_max_bytes, &name, problem) ==
		    -1 ||
	    take_text(form, "text", limits->text_max_bytes, &text, problem) ==
		    -1 ||
	    take_channel(form, limits->channels, &message->channel, problem) ==
		    -1 ||
	    take_key(form, key_header, &message->client_key, problem) == -1)
		return -1;

	/* one byte more, so that there is a pointer even if both are empty */
	buf_reserve(&message->storage, name.len + text.len + 1);
	escape_add(&message->storage, name);
	name_len = message->storage.len;
	escape_add(&message->storage, text);
	message->name = span_of(message->storage.data, name_len);
	message->text = span_of(message->storage.data + name_len,
				message->storage.len - name_len);
	return 0;
}

void message_release(struct message *message)
{
	buf_release(&message->storage);
}

static void hash_key(const char *kind, struct span given,
		     uint8_t key[MESSAGE_KEY_BYTES])
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct buf buf = BUF_INIT;

	/* kind and a NUL: no client can choose the key of a request id */
	buf_add(&buf, kind, strlen(kind) + 1);
	buf_add_span(&buf, given);
	crypto_sha256(buf_span(&buf), digest);
	memcpy(key, digest, MESSAGE_KEY_BYTES);
	buf_release(&buf);
}

/* A request id that begins with the time, as nginx sends it: "1795509123.123-".
 * So does its key then. In the index of all keys these lie side by side, and
 * what a batch touches of it does not grow with the log. */
static void put_in_order(struct span request_id, uint8_t key[MESSAGE_KEY_BYTES])
{
	int64_t s, ms;
	uint64_t time_ms;
	size_t i;

	if (request_id.len < 15 || request_id.ptr[10] != '.' ||
	    request_id.ptr[14] != '-' ||
	    text_parse_int(span_of(request_id.ptr, 10), &s) == -1 ||
	    text_parse_int(span_of(request_id.ptr + 11, 3), &ms) == -1)
		return;
	time_ms = (uint64_t)(s * 1000 + ms);
	for (i = KEY_TIME_BYTES; i > 0; i--, time_ms >>= 8)
		key[i - 1] = (uint8_t)time_ms;
}

bool message_key(struct span client_key, struct span request_id,
		 uint8_t key[MESSAGE_KEY_BYTES])
{
	if (client_key.len > 0) {
		hash_key("client", client_key, key);
	} else if (request_id.len > 0) {
		hash_key("request", request_id, key);
		put_in_order(request_id, key);
	} else {
		return false;
	}
	return true;
}

size_t message_body_max_bytes(const struct message_limits *limits)
{
	return ENCODING_FACTOR * (size_t)(limits->name_max_bytes +
					  limits->text_max_bytes) +
	       BODY_SLACK_BYTES;
}
