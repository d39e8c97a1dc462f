/* SPDX-License-Identifier: MIT
 *
 * The HTTP request that opens a WebSocket: RFC 6455 § 4.2 on top of RFC 9112.
 * relay serves nothing else, so nothing else is parsed: no body, no second
 * request. Strict, because a proxy in front may read an ambiguous request
 * differently. Pure.
 */
#ifndef RELAY_PROTOCOL_HTTP_UPGRADE_H
#define RELAY_PROTOCOL_HTTP_UPGRADE_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "relay/protocol/deflate_offer.h"

/* Longest request head. It includes the cookies of other applications on the
 * same host. */
#define HTTP_UPGRADE_MAX_BYTES 16384

/* All spans are borrowed from the parsed bytes. */
struct http_upgrade {
	struct span method;
	struct span target;         /* path and query, starts with '/' */
	struct span key;            /* Sec-WebSocket-Key */
	struct span real_ip;        /* X-Real-IP, absent if there was none */
	struct span origin;         /* Origin, likewise */
	struct deflate_offer offer; /* the client's, of compression */
	bool is_websocket; /* asks for WebSocket, version 13, with a key */
};

/* Returns 0 with the request in *request and its length in *used; -1 if more
 * bytes are needed; or the HTTP status to refuse with: 400, 431, 505. */
int http_upgrade_parse(struct span in, struct http_upgrade *request,
		       size_t *used);

/* Adds the 101 answer. offer: the compression offer to accept, or NULL. */
void http_upgrade_accept(struct buf *out, struct span key,
			 const struct deflate_offer *offer);

/* Adds an answer with this status that closes the connection. */
void http_upgrade_refuse(struct buf *out, int status);

#endif
