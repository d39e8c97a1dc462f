/* SPDX-License-Identifier: MIT
 *
 * Accepts connections; never reads from them.
 */
#include "relay/net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "relay/list.h"

/* Limit of accepts in one turn, so that siblings share a rush. */
#define ACCEPTS_MAX 16
/* Send buffer; the kernel doubles it. Without it, a peer that does not read
 * would hold 4 MB. Enough for 1 MB/s over 100 ms. */
#define SEND_BUFFER_BYTES 131072
/* Pause after running out of descriptors, until some are closed. */
#define PAUSE_MS 1000

struct listener {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer pause;
	bool is_short; /* of descriptors, and logged it */
	int fd;
	listener_accept_fn *fn;
	void *ctx;
};

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

/* Errors of accept for a connection that ended before it was accepted. */
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

/* The kernel wakes the first idle worker of its queue. Registering again moves
 * this worker to the end; otherwise one worker would get all connections. */
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
		int fd;

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
		listener->fn(listener->ctx, fd, (struct sockaddr *)&address);
	}
	if (i > 0 && listener->is_short)
		log_info("accepting again");
	if (i > 0) {
		listener->is_short = false;
		let_siblings_go_first(listener);
	}
}

/* Accepted sockets inherit it. */
static void set_up(int fd)
{
	int on = 1, bytes = SEND_BUFFER_BYTES;

	/* we coalesce frames, so the kernel need not; fails on a Unix socket,
	 * which never delays */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

struct listener *listener_new(struct loop *loop, int fd, listener_accept_fn *fn,
			      void *ctx)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));

	set_up(fd);
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
