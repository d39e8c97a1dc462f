/* SPDX-License-Identifier: MIT
 *
 * Unix sockets and IPv4.
 */
#include "tests/bench/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "common/base/log.h"

static int dial_local(const char *path)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(local.sun_path, path, strlen(path) + 1);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&local, sizeof(local)) == -1)
		fatal("cannot connect to '%s'", path);
	return fd;
}

static void come_from(int fd, unsigned host)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host),
	};
	int on = 1;

	/* the kernel chooses the port at connect, knowing the destination */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		       sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) == -1)
		fatal("cannot use another address of this machine");
}

static int dial_inet(const char *host, uint16_t port, unsigned from)
{
	struct sockaddr_in inet = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (inet_pton(AF_INET, host, &inet.sin_addr) != 1)
		fatalx("'%s' is not an IPv4 address", host);
	if (fd != -1 && from > 0)
		come_from(fd, from);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&inet, sizeof(inet)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		fatal("cannot connect to port %u of '%s'", port, host);
	return fd;
}

int dial(const struct address *address, unsigned host)
{
	return address->path[0] != '\0'
		       ? dial_local(address->path)
		       : dial_inet(address->host, address->port, host);
}
