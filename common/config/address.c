/* SPDX-License-Identifier: MIT
 *
 * Parses addresses as operators write them.
 */
#include "common/config/address.h"

#include <stddef.h>
#include <string.h>

#include "common/base/text.h"

static int copy_part(char *to, size_t size, const char *from, size_t len)
{
	if (len == 0 || len >= size)
		return -1;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

int address_parse(const char *s, struct address *address)
{
	const char *colon;
	size_t host_len;
	int64_t port;

	memset(address, 0, sizeof(*address));
	if (strncmp(s, "unix:", 5) == 0)
		return copy_part(address->path, sizeof(address->path), s + 5,
				 strlen(s + 5));

	colon = strrchr(s, ':');
	if (colon == NULL || text_parse_range(colon + 1, 1, 65535, &port) == -1)
		return -1;
	address->port = (uint16_t)port;
	host_len = (size_t)(colon - s);
	if (host_len > 2 && s[0] == '[' && colon[-1] == ']') {
		s++;
		host_len -= 2;
	} else if (strcspn(s, ":[]") < host_len) {
		return -1;
	}
	return copy_part(address->host, sizeof(address->host), s, host_len);
}

const char *address_check(const char *s)
{
	struct address address;

	if (address_parse(s, &address) == 0)
		return NULL;
	return "is neither unix:/path (of at most 107 bytes) nor host:port";
}
