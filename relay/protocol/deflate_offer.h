/* SPDX-License-Identifier: MIT
 *
 * A client's offer to compress messages: permessage-deflate in the header
 * Sec-WebSocket-Extensions, RFC 7692 § 7.1. Offers that cannot be met and other
 * extensions are ignored. Pure.
 */
#ifndef RELAY_PROTOCOL_DEFLATE_OFFER_H
#define RELAY_PROTOCOL_DEFLATE_OFFER_H

#include <stdbool.h>

#include "common/base/buf.h"

/* All zero: no acceptable offer was found. */
struct deflate_offer {
	bool is_good;
	bool has_server_bits; /* server_max_window_bits; the answer repeats it
			       */
};

/* Reads the first acceptable offer from a header's value, unless *offer already
 * holds one. */
void deflate_offer_take(struct deflate_offer *offer, struct span value);

/* Adds the header that accepts the offer, with no context takeover in either
 * direction. */
void deflate_offer_add_answer(const struct deflate_offer *offer,
			      struct buf *out);

#endif
