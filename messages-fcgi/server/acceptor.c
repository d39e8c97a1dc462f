/* SPDX-License-Identifier: MIT
 *
 * Accepts connections, and finds those that have a request. Knows no request
 * from the inside.
 *
 * libfcgi can accept and wait itself, but then each kept connection holds a
 * thread, a silent one holds it without limit, and select() ends at fd 1023.
 * Here libfcgi only gets connections that are readable. They are `detached`, so
 * that libfcgi closes them without a shutdown.
 *
 *     new -> waiting <-> busy -> closed
 *
 * epoll reports a waiting connection once, and is armed again when the
 * connection waits again. A busy connection has a thread, or waits for
 * acceptor_call. One thread, the leader, does all this, and answers the
 * requests that it can answer without blocking.
 */
#include "messages-fcgi/server/acceptor.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "messages-fcgi/deadline.h"
#include "messages-fcgi/leader.h"
#include "messages-fcgi/server/fcgi_record.h"
#include "messages-fcgi/stats.h"

/* Connections accepted in a row while others wait to be read. */
#define ACCEPT_MAX 64
/* Events from one epoll_wait. */
#define EVENTS_MAX 64
/* The size of one read of libfcgi. */
#define PEEK_BYTES 8192
/* The pause of accept after EMFILE and similar errors. */
#define ACCEPT_PAUSE_MS 200
/* The time that a web server may neither read nor write. */
#define PEER_TIMEOUT_S 60
/* When the acceptor closes, a new connection has this long to send. */
#define CLOSE_MS 1000

struct connection {
	int fd;
	bool is_new; /* has sent nothing yet */
	bool is_busy;
	struct connection *next, **link; /* of all of them */
	struct exchange exchange;
};

struct acceptor {
	int listen_fd, epoll_fd;
	int call_fd;           /* an eventfd: acceptor_call was called */
	int end_fd;            /* an eventfd: request threads end */
	struct leader *leader; /* the thread that may touch the next four */
	struct epoll_event events[EVENTS_MAX];
	int event_count, event_next;
	char peeked[PEEK_BYTES]; /* of one connection */
	atomic_bool is_attended; /* the leader waits for events */

	pthread_mutex_t lock; /* of the next eight */
	pthread_cond_t left;
	struct connection *all;
	unsigned count, waiting;
	bool is_full, is_closing, is_closed, has_accept_failed;

	pthread_mutex_t call_lock; /* of the next two */
	struct submission *called, **called_end;
};

/* The event carries the address of the fd. A write to call_fd wakes one thread,
 * one to end_fd all. */
static void watch_fd(struct acceptor *acceptor, int operation, int *fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
				     .data.ptr = fd };

	if (fd == &acceptor->call_fd)
		event.events |= EPOLLET;
	else if (fd != &acceptor->end_fd)
		event.events |= EPOLLONESHOT;
	if (epoll_ctl(acceptor->epoll_fd, operation, *fd, &event) == -1)
		fatal("cannot watch a connection");
}

struct acceptor *acceptor_new(int listen_fd)
{
	struct acceptor *acceptor = xcalloc(1, sizeof(*acceptor));

	acceptor->listen_fd = listen_fd;
	acceptor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	acceptor->call_fd = eventfd(0, EFD_CLOEXEC);
	acceptor->end_fd = eventfd(0, EFD_CLOEXEC);
	if (acceptor->epoll_fd == -1 || acceptor->call_fd == -1 ||
	    acceptor->end_fd == -1)
		fatal("cannot wait for connections");
	acceptor->leader = leader_new();
	acceptor->called_end = &acceptor->called;
	pthread_mutex_init(&acceptor->lock, NULL);
	pthread_mutex_init(&acceptor->call_lock, NULL);
	deadline_cond_init(&acceptor->left);
	watch_fd(acceptor, EPOLL_CTL_ADD, &acceptor->end_fd);
	watch_fd(acceptor, EPOLL_CTL_ADD, &acceptor->call_fd);
	watch_fd(acceptor, EPOLL_CTL_ADD, &acceptor->listen_fd);
	return acceptor;
}

/* A quarter of the limit of open files is for PostgreSQL, Redis and the log. */
static bool is_too_many(unsigned count)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		fatal("cannot learn how many files may be open");
	return count >= files.rlim_cur / 4 * 3;
}

static void wake(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		fatal("cannot wake request threads");
}

/* Ends the request threads once the last busy connection has ended. */
static void end_if_empty(struct acceptor *acceptor)
{
	if (acceptor->is_closed && acceptor->count == acceptor->waiting)
		wake(acceptor->end_fd);
}

/* Frees the connection. Leaves the fd alone: libfcgi may have closed it. */
static void remove_connection(struct acceptor *acceptor,
			      struct connection *connection)
{
	pthread_mutex_lock(&acceptor->lock);
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	acceptor->count--;
	if (acceptor->is_full && !acceptor->is_closing) {
		acceptor->is_full = false;
		watch_fd(acceptor, EPOLL_CTL_MOD, &acceptor->listen_fd);
	}
	end_if_empty(acceptor);
	pthread_mutex_unlock(&acceptor->lock);
	exchange_release(&connection->exchange);
	free(connection);
}

void acceptor_free(struct acceptor *acceptor)
{
	while (acceptor->all != NULL) {
		close(acceptor->all->fd);
		remove_connection(acceptor, acceptor->all);
	}
	close(acceptor->epoll_fd);
	close(acceptor->call_fd);
	close(acceptor->end_fd);
	pthread_cond_destroy(&acceptor->left);
	pthread_mutex_destroy(&acceptor->call_lock);
	pthread_mutex_destroy(&acceptor->lock);
	leader_free(acceptor->leader);
	free(acceptor);
}

/* ---- accepting ---- */

static void limit_waits(int fd)
{
	const struct timeval timeout = { PEER_TIMEOUT_S, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static void add_connection(struct acceptor *acceptor, int fd)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	limit_waits(fd);
	exchange_init(&connection->exchange);
	connection->fd = fd;
	connection->is_new = true;
	pthread_mutex_lock(&acceptor->lock);
	connection->next = acceptor->all;
	connection->link = &acceptor->all;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	acceptor->all = connection;
	acceptor->count++;
	acceptor->waiting++;
	acceptor->has_accept_failed = false;
	pthread_mutex_unlock(&acceptor->lock);
	watch_fd(acceptor, EPOLL_CTL_ADD, &connection->fd);
}

static void on_accept_error(struct acceptor *acceptor)
{
	struct pollfd end = { .fd = acceptor->end_fd, .events = POLLIN };
	bool is_first;

	/* another process accepted it, or there are no more */
	if (errno == EAGAIN || errno == EINTR)
		return;
	pthread_mutex_lock(&acceptor->lock);
	is_first = !acceptor->has_accept_failed;
	acceptor->has_accept_failed = true;
	pthread_mutex_unlock(&acceptor->lock);
	if (is_first)
		log_warn("cannot accept connections, retrying");
	leader_give_way();
	poll(&end, 1, ACCEPT_PAUSE_MS);
}

/* Waiting connections accept no more bytes; those that arrived before can still
 * be read. The web server sees that its request was not read, and sends it to
 * another process. New connections are spared: their request is on its way. */
static void refuse_kept(struct acceptor *acceptor)
{
	struct connection *connection;

	for (connection = acceptor->all; connection != NULL;
	     connection = connection->next)
		if (!connection->is_busy && !connection->is_new)
			shutdown(connection->fd, SHUT_RD);
}

static void accept_some(struct acceptor *acceptor)
{
	int fd = 0, i;

	for (i = 0; i < ACCEPT_MAX && fd != -1; i++) {
		fd = accept4(acceptor->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			add_connection(acceptor, fd);
		else
			on_accept_error(acceptor);
	}
	pthread_mutex_lock(&acceptor->lock);
	acceptor->is_full = is_too_many(acceptor->count);
	if (acceptor->is_full)
		refuse_kept(acceptor);
	else if (!acceptor->is_closing)
		watch_fd(acceptor, EPOLL_CTL_MOD, &acceptor->listen_fd);
	pthread_mutex_unlock(&acceptor->lock);
}

/* ---- reading ---- */

/* Makes the connection busy. False if the acceptor is closed. */
static bool claim(struct acceptor *acceptor, struct connection *connection)
{
	bool is_claimed;

	pthread_mutex_lock(&acceptor->lock);
	is_claimed = !acceptor->is_closed;
	if (is_claimed) {
		connection->is_busy = true;
		connection->is_new = false;
		if (--acceptor->waiting == 0)
			pthread_cond_signal(&acceptor->left);
	}
	pthread_mutex_unlock(&acceptor->lock);
	return is_claimed;
}

/* Gives the connection to libfcgi. False if that closed it, because the bytes
 * are not a request. */
static bool read_request(struct connection *connection)
{
	FCGX_Request *fcgx = &connection->exchange.fcgx;

	fcgx->ipcFd = connection->fd;
	fcgx->detached = 1;
	/* there is no request before this one that it could end */
	fcgx->keepConnection = 1;
	return FCGX_Accept_r(fcgx) == 0;
}

/* The exchange, if the connection has a request, or NULL. Bytes before the end
 * of the stream count. The rest of an incomplete request is waited for, here or
 * where its body is read. */
static struct exchange *read_connection(struct acceptor *acceptor,
					struct connection *connection,
					bool has_ended)
{
	ssize_t len;

	if (!claim(acceptor, connection))
		return NULL;
	len = recv(connection->fd, acceptor->peeked, PEEK_BYTES,
		   MSG_PEEK | MSG_DONTWAIT);
	if (has_ended && len <= 0) {
		close(connection->fd);
		remove_connection(acceptor, connection);
		return NULL;
	}
	if (len <= 0 || !fcgi_record_stream_is_complete(
				span_of(acceptor->peeked, (size_t)len)))
		leader_give_way();
	if (read_request(connection))
		return &connection->exchange;
	remove_connection(acceptor, connection);
	return NULL;
}

/* ---- resuming ---- */

void acceptor_call(struct acceptor *acceptor, struct submission *first,
		   struct submission *last)
{
	pthread_mutex_lock(&acceptor->call_lock);
	*acceptor->called_end = first;
	acceptor->called_end = &last->next;
	pthread_mutex_unlock(&acceptor->call_lock);
	/* a leader that does not wait will look before it waits */
	if (atomic_load(&acceptor->is_attended))
		wake(acceptor->call_fd);
}

/* The first exchange to resume, or NULL. */
static struct exchange *take_called(struct acceptor *acceptor)
{
	struct submission *submission;

	pthread_mutex_lock(&acceptor->call_lock);
	submission = acceptor->called;
	if (submission != NULL)
		acceptor->called = submission->next;
	if (acceptor->called == NULL)
		acceptor->called_end = &acceptor->called;
	pthread_mutex_unlock(&acceptor->call_lock);
	return submission == NULL ? NULL : exchange_of(submission);
}

/* ---- enter and leave ---- */

static bool is_any_called(struct acceptor *acceptor)
{
	bool is_any;

	pthread_mutex_lock(&acceptor->call_lock);
	is_any = acceptor->called != NULL;
	pthread_mutex_unlock(&acceptor->call_lock);
	return is_any;
}

/* Returns when there are events or an exchange to resume. */
static void wait_for_events(struct acceptor *acceptor)
{
	int count = 0;

	atomic_store(&acceptor->is_attended, true);
	while (count <= 0 && !is_any_called(acceptor)) {
		count = epoll_wait(acceptor->epoll_fd, acceptor->events,
				   EVENTS_MAX, -1);
		if (count == -1 && errno != EINTR)
			fatal("cannot wait for connections");
	}
	atomic_store(&acceptor->is_attended, false);
	acceptor->event_count = count > 0 ? count : 0;
	acceptor->event_next = 0;
}

/* The exchange, if the event is a request, or NULL. Sets *is_over if request
 * threads end. */
static struct exchange *handle_event(struct acceptor *acceptor,
				     struct epoll_event event, bool *is_over)
{
	int *fd = event.data.ptr;

	if (fd == &acceptor->end_fd)
		*is_over = true;
	else if (fd == &acceptor->listen_fd)
		accept_some(acceptor);
	else if (fd != &acceptor->call_fd)
		return read_connection(
			acceptor, (struct connection *)(void *)fd,
			(event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !=
				0);
	return NULL;
}

struct exchange *acceptor_enter(struct acceptor *acceptor)
{
	struct exchange *exchange = NULL;
	bool is_over = false;

	metric_add(&stats()->idle, 1);
	while (exchange == NULL && !is_over) {
		leader_become(acceptor->leader);
		exchange = take_called(acceptor);
		if (exchange != NULL)
			break;
		if (acceptor->event_next == acceptor->event_count)
			wait_for_events(acceptor);
		else
			exchange = handle_event(
				acceptor,
				acceptor->events[acceptor->event_next++],
				&is_over);
	}
	metric_add(&stats()->idle, -1);
	if (is_over)
		leader_give_way();
	return exchange;
}

bool acceptor_is_attended(struct acceptor *acceptor)
{
	return atomic_load(&acceptor->is_attended);
}

void acceptor_leave(struct acceptor *acceptor, struct exchange *exchange)
{
	struct connection *connection =
		container_of(exchange, struct connection, exchange);
	bool is_kept = exchange->fcgx.ipcFd != -1;

	exchange->fcgx.ipcFd = -1;
	pthread_mutex_lock(&acceptor->lock);
	if (is_kept && (acceptor->is_closing || acceptor->is_full)) {
		close(connection->fd);
		is_kept = false;
	}
	/* a closed fd may already belong to another connection */
	connection->is_busy = !is_kept;
	acceptor->waiting += is_kept;
	pthread_mutex_unlock(&acceptor->lock);
	if (is_kept)
		watch_fd(acceptor, EPOLL_CTL_MOD, &connection->fd);
	else
		remove_connection(acceptor, connection);
}

/* ---- the end ---- */

void acceptor_close(struct acceptor *acceptor)
{
	const struct timespec until = deadline_after(CLOSE_MS);
	int error = 0;

	pthread_mutex_lock(&acceptor->lock);
	acceptor->is_closing = true;
	if (epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_DEL, acceptor->listen_fd,
		      NULL) == -1)
		fatal("cannot leave the listening socket");
	refuse_kept(acceptor);
	while (acceptor->waiting > 0 && error == 0)
		error = pthread_cond_timedwait(&acceptor->left, &acceptor->lock,
					       &until);
	acceptor->is_closed = true;
	end_if_empty(acceptor);
	pthread_mutex_unlock(&acceptor->lock);
}
