/* SPDX-License-Identifier: MIT
 *
 * The server has an epoll instance of its own, which its owner can watch as one
 * descriptor. It contains the listening socket, the peers, and a timer that
 * runs while there are peers.
 */
#include "common/daemon/ops_server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"

/* Enough for a few scrapers and health checks. */
#define PEERS_MAX 16
/* Time from accepting a peer to the last byte of its answer. */
#define PEER_MS 5000
#define TICK_S 1
/* Bytes of one read. */
#define READ_BYTES 4096

struct peer {
	int fd; /* -1: the place is free */
	int64_t since_ms;
	struct buf in, out;
	size_t sent;      /* of out */
	bool is_answered; /* out is complete; further bytes are discarded */
};

struct ops_server {
	const struct ops_handler *handler;
	int epoll_fd, listen_fd, tick_fd;
	bool is_listening; /* false from a failed accept to the next tick */
	bool has_left;     /* ops_server_leave was called */
	struct peer peers[PEERS_MAX];
};

static void control_epoll(struct ops_server *server, int op, int fd,
			  uint32_t events, void *who)
{
	struct epoll_event event = { .events = events, .data.ptr = who };

	if (epoll_ctl(server->epoll_fd, op, fd, &event) == -1)
		fatal("cannot watch a file descriptor");
}

static void set_tick(struct ops_server *server, bool is_on)
{
	const struct itimerspec every = { { is_on ? TICK_S : 0, 0 },
					  { is_on ? TICK_S : 0, 0 } };

	timerfd_settime(server->tick_fd, 0, &every, NULL);
}

static void drop_peer(struct peer *peer)
{
	if (peer->fd != -1)
		close(peer->fd);
	peer->fd = -1;
	buf_release(&peer->in);
	buf_release(&peer->out);
}

/* A free place, or that of the oldest peer, which is closed. */
static struct peer *make_place(struct ops_server *server)
{
	struct peer *oldest = &server->peers[0];
	size_t i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &server->peers[i];

		if (peer->fd == -1)
			return peer;
		if (peer->since_ms < oldest->since_ms)
			oldest = peer;
	}
	drop_peer(oldest);
	return oldest;
}

/* Sends as much of the answer as the kernel takes. */
static void flush_peer(struct ops_server *server, struct peer *peer)
{
	ssize_t sent;

	sent = send(peer->fd, peer->out.data + peer->sent,
		    peer->out.len - peer->sent, MSG_NOSIGNAL);
	if (sent == -1 && errno != EAGAIN && errno != EINTR) {
		drop_peer(peer);
		return;
	}
	if (sent > 0)
		peer->sent += (size_t)sent;
	if (peer->sent < peer->out.len) {
		control_epoll(server, EPOLL_CTL_MOD, peer->fd,
			      EPOLLIN | EPOLLOUT, peer);
		return;
	}
	/* the peer closes first: if we closed while bytes of the peer are
	 * unread, the kernel would reset the connection, and the peer could
	 * lose the answer */
	shutdown(peer->fd, SHUT_WR);
	control_epoll(server, EPOLL_CTL_MOD, peer->fd, EPOLLIN, peer);
}

static void read_peer(struct ops_server *server, struct peer *peer)
{
	char *room = buf_reserve(&peer->in, READ_BYTES);
	ssize_t len = recv(peer->fd, room, READ_BYTES, 0);

	if (len == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		drop_peer(peer);
		return;
	}
	if (peer->is_answered)
		return;
	peer->in.len += (size_t)len;
	if (ops_answer(server->handler, buf_span(&peer->in), &peer->out) == -1)
		return;
	peer->is_answered = true;
	buf_clear(&peer->in);
	flush_peer(server, peer);
}

static void accept_peer(struct ops_server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *peer;

	/* another process took the peer, or the peer left. Without a free
	 * descriptor the peer waits for the next tick; until then the socket
	 * is not watched */
	if (fd == -1 && (errno == EMFILE || errno == ENFILE)) {
		control_epoll(server, EPOLL_CTL_DEL, server->listen_fd, 0,
			      NULL);
		server->is_listening = false;
		set_tick(server, true);
	}
	if (fd == -1)
		return;
	peer = make_place(server);
	*peer = (struct peer){ .fd = fd, .since_ms = clock_ms() };
	control_epoll(server, EPOLL_CTL_ADD, fd, EPOLLIN, peer);
	set_tick(server, true);
}

static void on_tick(struct ops_server *server)
{
	int64_t late_ms = clock_ms() - PEER_MS;
	bool has_peers = false;
	uint64_t ticks;
	size_t i;

	if (read(server->tick_fd, &ticks, sizeof(ticks)) == -1)
		return;
	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &server->peers[i];

		if (peer->fd != -1 && peer->since_ms <= late_ms)
			drop_peer(peer);
		has_peers |= peer->fd != -1;
	}
	if (!server->is_listening && !server->has_left) {
		control_epoll(server, EPOLL_CTL_ADD, server->listen_fd, EPOLLIN,
			      &server->listen_fd);
		server->is_listening = true;
	}
	if (!has_peers)
		set_tick(server, false);
}

void ops_server_turn(struct ops_server *server)
{
	/* one event at a time, because handling it may drop another peer */
	struct epoll_event event;
	struct peer *peer;

	if (epoll_wait(server->epoll_fd, &event, 1, 0) != 1)
		return;
	if (event.data.ptr == &server->listen_fd) {
		accept_peer(server);
	} else if (event.data.ptr == &server->tick_fd) {
		on_tick(server);
	} else {
		peer = event.data.ptr;
		if (event.events & EPOLLOUT)
			flush_peer(server, peer);
		if (peer->fd != -1 &&
		    (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
			read_peer(server, peer);
	}
}

struct ops_server *ops_server_new(int listen_fd,
				  const struct ops_handler *handler)
{
	struct ops_server *server = xcalloc(1, sizeof(*server));
	size_t i;

	server->handler = handler;
	server->listen_fd = listen_fd;
	server->is_listening = true;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->tick_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (server->epoll_fd == -1 || server->tick_fd == -1)
		fatal("cannot set up the ops server");
	for (i = 0; i < PEERS_MAX; i++)
		server->peers[i].fd = -1;
	control_epoll(server, EPOLL_CTL_ADD, listen_fd, EPOLLIN,
		      &server->listen_fd);
	control_epoll(server, EPOLL_CTL_ADD, server->tick_fd, EPOLLIN,
		      &server->tick_fd);
	return server;
}

void ops_server_free(struct ops_server *server)
{
	size_t i;

	if (server == NULL)
		return;
	for (i = 0; i < PEERS_MAX; i++)
		drop_peer(&server->peers[i]);
	close(server->tick_fd);
	close(server->epoll_fd);
	free(server);
}

void ops_server_leave(struct ops_server *server)
{
	if (server->is_listening)
		control_epoll(server, EPOLL_CTL_DEL, server->listen_fd, 0,
			      NULL);
	server->is_listening = false;
	server->has_left = true;
}

bool ops_server_is_idle(const struct ops_server *server)
{
	size_t i;

	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *peer = &server->peers[i];

		if (peer->fd != -1 &&
		    (!peer->is_answered || peer->sent < peer->out.len))
			return false;
	}
	return true;
}

int ops_server_fd(const struct ops_server *server)
{
	return server->epoll_fd;
}
