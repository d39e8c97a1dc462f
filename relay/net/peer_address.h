/* SPDX-License-Identifier: MIT
 *
 * Where a peer comes from, for the log: 18 bytes instead of a string, as there
 * is one in every connection. Pure.
 */
#ifndef RELAY_NET_PEER_ADDRESS_H
#define RELAY_NET_PEER_ADDRESS_H

#include <netinet/in.h>

#include "common/base/span.h"

/* "[…]:65535" of the longest address, and a NUL */
#define PEER_ADDRESS_TEXT_MAX (INET6_ADDRSTRLEN + 8)

struct peer_address {
	struct in6_addr ip; /* IPv4 is mapped; all zero: unknown */
	uint16_t port;      /* 0: unknown */
};

/* Unknown for a Unix socket and for NULL. */
struct peer_address peer_address_of(const struct sockaddr *sockaddr);

/* Of what a proxy says; unknown if it is no address. */
struct peer_address peer_address_parse(struct span ip);

/* "203.0.113.5:41022", without what is unknown, "-" if all is. */
void peer_address_format(const struct peer_address *address,
			 char out[PEER_ADDRESS_TEXT_MAX]);

#endif
