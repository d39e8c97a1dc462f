/* SPDX-License-Identifier: MIT
 *
 * Sets up listening sockets. It accepts no connections.
 */
#include "common/daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a process listens on the Unix socket. */
static bool has_listener(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd == -1)
		return false;
	alive = connect(fd, (const struct sockaddr *)name, sizeof(*name)) ==
			0 ||
		errno == EAGAIN;
	close(fd);
	return alive;
}

static int open_unix(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat found;
	int fd;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	if (has_listener(&name)) {
		errno = EADDRINUSE;
		return -1;
	}
	if (lstat(path, &found) == 0 && !S_ISSOCK(found.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 ||
	    chmod(path, 0660) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int bind_tcp(const struct addrinfo *info)
{
	int fd, on = 1;

	fd = socket(info->ai_family,
		    info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    info->ai_protocol);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_tcp(const struct address *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *info;
	char port[8];
	int fd;

	snprintf(port, sizeof(port), "%u", address->port);
	if (getaddrinfo(address->host, port, &hints, &info) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = bind_tcp(info);
	freeaddrinfo(info);
	return fd;
}

int listen_open(const struct address *address, int backlog)
{
	int fd = address->path[0] != '\0' ? open_unix(address->path)
					  : open_tcp(address);

	if (fd == -1)
		return -1;
	if (listen(fd, backlog) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int listen_adopt(int fd, int backlog)
{
	int is_listening = 0, flags;
	socklen_t len = sizeof(is_listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) ==
	    -1)
		return -1;
	if (!is_listening) {
		errno = EINVAL;
		return -1;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	/* the socket listens already: this sets the length of its queue */
	return listen(fd, backlog);
}

bool listen_is_local(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.ss_family == AF_UNIX;
}

void listen_unlink(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	    address.sun_family == AF_UNIX)
		unlink(address.sun_path);
}
