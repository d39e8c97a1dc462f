/* SPDX-License-Identifier: MIT
 *
 * Where a server listens: "unix:/path" or "host:port". Pure.
 */
#ifndef COMMON_CONFIG_ADDRESS_H
#define COMMON_CONFIG_ADDRESS_H

#include <netdb.h>
#include <stdint.h>
#include <sys/un.h>

#include "common/base/attr.h"

/* path is set for a Unix socket, host and port otherwise. */
struct address {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char host[NI_MAXHOST];
	uint16_t port;
};

/* 0, or -1 if s is neither form. An IPv6 host stands in brackets, which are
 * taken off. */
int address_parse(const char *s, struct address *address) MUST_CHECK;

/* A conf_check_fn. */
const char *address_check(const char *s);

#endif
