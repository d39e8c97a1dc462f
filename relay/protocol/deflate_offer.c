/* SPDX-License-Identifier: MIT
 *
 * The parameters of permessage-deflate. Section numbers are of RFC 7692.
 */
#include "relay/protocol/deflate_offer.h"

#include "common/base/http_head.h"

#define BITS_MAX 15

/* The parameters seen so far: § 7.1 allows each once. */
enum parameter {
	SERVER_NO_TAKEOVER = 1,
	CLIENT_NO_TAKEOVER = 2,
	SERVER_BITS = 4,
	CLIENT_BITS = 8,
};

/* 8 to 15, without a leading zero; 0 for anything else: § 7.1.2. */
static int window_bits(struct span s)
{
	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
		s = span_of(s.ptr + 1, s.len - 2);
	if (s.len == 1 && (s.ptr[0] == '8' || s.ptr[0] == '9'))
		return s.ptr[0] - '0';
	if (s.len == 2 && s.ptr[0] == '1' && s.ptr[1] >= '0' && s.ptr[1] <= '5')
		return 10 + s.ptr[1] - '0';
	return 0;
}

/* The parameter, or 0 if it cannot be met. Messages are compressed once for all
 * clients, with the largest window. A client may use any window. */
static enum parameter parse(struct span text)
{
	struct span value = text, name = http_head_part(&value, '=');
	bool has_value = value.ptr != NULL;

	if (http_head_is(name, "server_no_context_takeover") && !has_value)
		return SERVER_NO_TAKEOVER;
	if (http_head_is(name, "client_no_context_takeover") && !has_value)
		return CLIENT_NO_TAKEOVER;
	if (http_head_is(name, "server_max_window_bits") &&
	    window_bits(value) == BITS_MAX)
		return SERVER_BITS;
	if (http_head_is(name, "client_max_window_bits") &&
	    (!has_value || window_bits(value) > 0))
		return CLIENT_BITS;
	return 0;
}

static struct deflate_offer take_one(struct span text)
{
	struct span name = http_head_part(&text, ';');
	unsigned seen = 0;

	if (!http_head_is(name, "permessage-deflate"))
		return (struct deflate_offer){ .is_good = false };
	while (text.ptr != NULL) {
		unsigned parameter = parse(http_head_part(&text, ';'));

		if (parameter == 0 || (seen & parameter))
			return (struct deflate_offer){ .is_good = false };
		seen |= parameter;
	}
	return (struct deflate_offer){ .is_good = true,
				       .has_server_bits =
					       (seen & SERVER_BITS) != 0 };
}

void deflate_offer_take(struct deflate_offer *offer, struct span value)
{
	while (!offer->is_good && value.ptr != NULL)
		*offer = take_one(http_head_part(&value, ','));
}

void deflate_offer_add_answer(const struct deflate_offer *offer,
			      struct buf *out)
{
	buf_add_str(out, "Sec-WebSocket-Extensions: permessage-deflate"
			 "; server_no_context_takeover"
			 "; client_no_context_takeover");
	if (offer->has_server_bits)
		buf_addf(out, "; server_max_window_bits=%d", BITS_MAX);
	buf_add_str(out, "\r\n");
}
