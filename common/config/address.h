/* SPDX-License-Identifier: MIT
 *
 * Addresses of servers, "unix:/path" or "host:port". Pure.
 */
#ifndef COMMON_CONFIG_ADDRESS_H
#define COMMON_CONFIG_ADDRESS_H

#include <netdb.h>
#include <stdint.h>
#include <sys/un.h>

#include "common/base/attr.h"

/* Either path is set, for a Unix socket, or host and port. */
struct address {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char host[NI_MAXHOST];
	uint16_t port;
};

/* 0, or -1 if s has neither form. The brackets around an IPv6 address are
 * removed. */
int address_parse(const char *s, struct address *address) MUST_CHECK;

/* A conf_check_fn. */
const char *address_check(const char *s);

#endif
