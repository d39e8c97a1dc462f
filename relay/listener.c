/* SPDX-License-Identifier: MIT
 *
 * Listening sockets, and nothing of what comes through them.
 */
#include "relay/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "relay/list.h"

/* Accepted at once, so that siblings get their share of a rush. */
#define ACCEPTS_MAX 16
/* After running out of descriptors: time for some to be closed. */
#define PAUSE_MS 1000

struct listener {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer pause;
	bool is_short; /* of descriptors, and said so */
	int fd;
	listener_accept_fn *fn;
	void *ctx;
};

/* Whether somebody listens on it. */
static bool is_alive(const struct sockaddr_un *name)
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
	if (is_alive(&name)) {
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

int listener_open(const struct address *address, int backlog)
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

int listener_adopt(int fd, int backlog)
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
	/* it listens already: this sets the length of its queue */
	return listen(fd, backlog);
}

bool listener_is_local(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.ss_family == AF_UNIX;
}

void listener_unlink(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	    address.sun_family == AF_UNIX)
		unlink(address.sun_path);
}

static void on_ready(struct loop_watch *watch, unsigned events);

static void on_pause_over(struct loop_timer *timer)
{
	struct listener *listener = container_of(timer, struct listener, pause);

	loop_add_exclusive(listener->loop, &listener->watch, listener->fd,
			   on_ready);
}

static void pause_accepting(struct listener *listener)
{
	if (!listener->is_short)
		log_warn("cannot accept, trying every %d ms: %m", PAUSE_MS);
	listener->is_short = true;
	loop_remove(listener->loop, &listener->watch);
	loop_set_timer(listener->loop, &listener->pause, PAUSE_MS,
		       on_pause_over);
}

/* What accept says of a connection that went before it was taken. */
static bool is_peer_fault(int error)
{
	switch (error) {
	case ECONNABORTED:
	case EINTR:
	case EPERM:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

/* The kernel wakes the first idle worker of its queue, so without this one
 * worker would get all connections: who had one stands at the end again. */
static void let_siblings_go_first(struct listener *listener)
{
	loop_remove(listener->loop, &listener->watch);
	loop_add_exclusive(listener->loop, &listener->watch, listener->fd,
			   on_ready);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
	struct listener *listener = container_of(watch, struct listener, watch);
	int i;

	(void)events;
	for (i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		int fd, on = 1;

		fd = accept4(listener->fd, (struct sockaddr *)&address, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && is_peer_fault(errno))
			continue;
		if (fd == -1 && errno != EAGAIN && errno != EWOULDBLOCK) {
			pause_accepting(listener);
			return;
		}
		if (fd == -1)
			break;
		/* frames are coalesced by us: the kernel need not wait for
		 * more; refused on a Unix socket, which does not wait */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		listener->fn(listener->ctx, fd, (struct sockaddr *)&address);
	}
	if (i > 0 && listener->is_short)
		log_info("accepting again");
	if (i > 0) {
		listener->is_short = false;
		let_siblings_go_first(listener);
	}
}

struct listener *listener_new(struct loop *loop, int fd, listener_accept_fn *fn,
			      void *ctx)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));

	listener->loop = loop;
	listener->fd = fd;
	listener->fn = fn;
	listener->ctx = ctx;
	loop_add_exclusive(loop, &listener->watch, fd, on_ready);
	return listener;
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	loop_clear_timer(listener->loop, &listener->pause);
	loop_remove(listener->loop, &listener->watch);
	free(listener);
}
