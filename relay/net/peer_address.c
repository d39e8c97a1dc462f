/* SPDX-License-Identifier: MIT
 *
 * Stores IPv4 and IPv6 addresses in one compact form.
 */
#include "relay/net/peer_address.h"

#include <arpa/inet.h>
#include <stdio.h>

static void set_v4(struct peer_address *address, const struct in_addr *v4)
{
	address->ip.s6_addr[10] = address->ip.s6_addr[11] = 0xff;
	memcpy(&address->ip.s6_addr[12], v4, sizeof(*v4));
}

struct peer_address peer_address_of(const struct sockaddr *sockaddr)
{
	struct peer_address address = { 0 };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sockaddr != NULL && sockaddr->sa_family == AF_INET) {
		memcpy(&v4, sockaddr, sizeof(v4));
		set_v4(&address, &v4.sin_addr);
		address.port = ntohs(v4.sin_port);
	} else if (sockaddr != NULL && sockaddr->sa_family == AF_INET6) {
		memcpy(&v6, sockaddr, sizeof(v6));
		address.ip = v6.sin6_addr;
		address.port = ntohs(v6.sin6_port);
	}
	return address;
}

struct peer_address peer_address_parse(struct span ip)
{
	struct peer_address address = { 0 };
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (ip.len == 0 || ip.len >= sizeof(text))
		return address;
	memcpy(text, ip.ptr, ip.len);
	text[ip.len] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1)
		set_v4(&address, &v4);
	else if (inet_pton(AF_INET6, text, &address.ip) != 1)
		memset(&address, 0, sizeof(address));
	return address;
}

void peer_address_format(const struct peer_address *address,
			 char out[PEER_ADDRESS_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "-";
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->ip);

	if (is_v4)
		inet_ntop(AF_INET, &address->ip.s6_addr[12], ip, sizeof(ip));
	else if (!IN6_IS_ADDR_UNSPECIFIED(&address->ip))
		inet_ntop(AF_INET6, &address->ip, ip, sizeof(ip));
	if (address->port == 0)
		snprintf(out, PEER_ADDRESS_TEXT_MAX, "%s", ip);
	else
		snprintf(out, PEER_ADDRESS_TEXT_MAX,
			 is_v4 ? "%s:%u" : "[%s]:%u", ip, address->port);
}
