/* SPDX-License-Identifier: MIT
 *
 * The address of a peer, for the log: 18 bytes instead of a string, since every
 * connection holds one. Pure.
 */
#ifndef RELAY_NET_PEER_ADDRESS_H
#define RELAY_NET_PEER_ADDRESS_H

#include <netinet/in.h>

#include "common/base/span.h"

/* "[…]:65535" with the longest address, and a NUL */
#define PEER_ADDRESS_TEXT_MAX (INET6_ADDRSTRLEN + 8)

struct peer_address {
	struct in6_addr ip; /* IPv4 is mapped; all zero: unknown */
	uint16_t port;      /* 0: unknown */
};

/* A socket's address; unknown for a Unix socket and for NULL. */
struct peer_address peer_address_of(const struct sockaddr *sockaddr);

/* An address in a proxy's header; unknown if it does not parse. */
struct peer_address peer_address_parse(struct span ip);

/* "203.0.113.5:41022"; omits an unknown port; "-" if the address is unknown. */
void peer_address_format(const struct peer_address *address,
			 char out[PEER_ADDRESS_TEXT_MAX]);

#endif
