/* SPDX-License-Identifier: MIT
 *
 * The offer of a client to compress messages: permessage-deflate in the header
 * Sec-WebSocket-Extensions, RFC 7692 § 7.1. One that can't be met is passed
 * over, as is any other extension. Pure.
 */
#ifndef RELAY_PROTOCOL_DEFLATE_OFFER_H
#define RELAY_PROTOCOL_DEFLATE_OFFER_H

#include <stdbool.h>

#include "common/base/buf.h"

/* All zero: none was found that can be met. */
struct deflate_offer {
	bool is_good;
	bool has_server_bits; /* server_max_window_bits, which is answered */
};

/* Takes the first good offer of a header's value, unless there is one. */
void deflate_offer_take(struct deflate_offer *offer, struct span value);

/* Adds the header that accepts it: no context is taken over, either way. */
void deflate_offer_add_answer(const struct deflate_offer *offer,
			      struct buf *out);

#endif
