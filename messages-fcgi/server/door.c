/* SPDX-License-Identifier: MIT
 *
 * Connections, and which of them has something to say. Knows no request from
 * the inside.
 *
 * libfcgi would accept and wait by itself, but then each connection that is
 * kept holds a thread, a silent one holds it for ever, and its select() ends
 * at fd 1023. So it is handed connections that can be read, and leaves closing
 * to us as far as it lets us: a `detached` connection is just closed.
 *
 *     new -> waiting <-> inside -> closed
 *
 * What waits is watched for one event at a time: nobody is told of what comes
 * while a thread reads. Who is inside has a thread, or waits to be called. One
 * thread, the keeper, looks after all that and answers whom it can by itself.
 */
#include "messages-fcgi/server/door.h"

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
#include "common/base/log.h"
#include "messages-fcgi/keeper.h"
#include "messages-fcgi/server/records.h"

/* Accepted in one go, while others wait to be read. */
#define ACCEPT_MAX 64
/* News that is heard in one go. */
#define NEWS_MAX 64
/* What libfcgi reads in one go. */
#define PEEK_BYTES 8192
/* How long accept is left alone after EMFILE and its like. */
#define ACCEPT_PAUSE_MS 200
/* A web server that neither reads nor writes for so long is given up. */
#define PEER_TIMEOUT_S 60
/* Who has connected when the door closes is about to speak. */
#define CLOSE_MS 1000

struct visitor {
	int fd;
	bool is_new; /* has not said anything yet */
	bool is_inside;
	struct visitor *next, **link; /* of all of them */
	struct exchange exchange;
};

struct door {
	int listen_fd, epoll_fd;
	int call_fd;           /* somebody was called */
	int bell_fd;           /* it is time to go home */
	struct keeper *keeper; /* the thread that may touch the next four */
	struct epoll_event news[NEWS_MAX];
	int news_count, news_told;
	char said[PEEK_BYTES];   /* by the visitor who is listened to */
	atomic_bool is_attended; /* the keeper waits for news */

	pthread_mutex_t lock; /* of the next eight */
	pthread_cond_t left;
	struct visitor *all;
	unsigned count, waiting;
	bool is_full, is_closing, is_closed, has_accept_failed;

	pthread_mutex_t call_lock; /* of the next two */
	struct order *called, **called_end;
};

/* Each is found by the address of its fd. A write to call_fd is news once, one
 * to bell_fd for everybody. */
static void watch(struct door *door, int operation, int *fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
				     .data.ptr = fd };

	if (fd == &door->call_fd)
		event.events |= EPOLLET;
	else if (fd != &door->bell_fd)
		event.events |= EPOLLONESHOT;
	if (epoll_ctl(door->epoll_fd, operation, *fd, &event) == -1)
		fatal("cannot watch a connection");
}

struct door *door_new(int listen_fd)
{
	struct door *door = xcalloc(1, sizeof(*door));
	pthread_condattr_t attr;

	door->listen_fd = listen_fd;
	door->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	door->call_fd = eventfd(0, EFD_CLOEXEC);
	door->bell_fd = eventfd(0, EFD_CLOEXEC);
	if (door->epoll_fd == -1 || door->call_fd == -1 || door->bell_fd == -1)
		fatal("cannot wait for connections");
	door->keeper = keeper_new();
	door->called_end = &door->called;
	pthread_mutex_init(&door->lock, NULL);
	pthread_mutex_init(&door->call_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&door->left, &attr);
	pthread_condattr_destroy(&attr);
	watch(door, EPOLL_CTL_ADD, &door->bell_fd);
	watch(door, EPOLL_CTL_ADD, &door->call_fd);
	watch(door, EPOLL_CTL_ADD, &door->listen_fd);
	return door;
}

/* What is connected leaves a quarter of the files that we may have open to
 * PostgreSQL, Redis and the log. */
static bool is_too_many(unsigned count)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		fatal("cannot learn how many files may be open");
	return count >= files.rlim_cur / 4 * 3;
}

static void ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		fatal("cannot wake request threads");
}

/* The last one turns out the light. */
static void end_if_empty(struct door *door)
{
	if (door->is_closed && door->count == door->waiting)
		ring(door->bell_fd);
}

/* Of the connection, only what is ours goes: libfcgi may have closed it. */
static void forget(struct door *door, struct visitor *visitor)
{
	pthread_mutex_lock(&door->lock);
	*visitor->link = visitor->next;
	if (visitor->next != NULL)
		visitor->next->link = visitor->link;
	door->count--;
	if (door->is_full && !door->is_closing) {
		door->is_full = false;
		watch(door, EPOLL_CTL_MOD, &door->listen_fd);
	}
	end_if_empty(door);
	pthread_mutex_unlock(&door->lock);
	exchange_release(&visitor->exchange);
	free(visitor);
}

void door_free(struct door *door)
{
	while (door->all != NULL) {
		close(door->all->fd);
		forget(door, door->all);
	}
	close(door->epoll_fd);
	close(door->call_fd);
	close(door->bell_fd);
	pthread_cond_destroy(&door->left);
	pthread_mutex_destroy(&door->call_lock);
	pthread_mutex_destroy(&door->lock);
	keeper_free(door->keeper);
	free(door);
}

/* ---- who comes ---- */

static void limit_waits(int fd)
{
	const struct timeval timeout = { PEER_TIMEOUT_S, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static void let_in(struct door *door, int fd)
{
	struct visitor *visitor = xcalloc(1, sizeof(*visitor));

	limit_waits(fd);
	exchange_init(&visitor->exchange, visitor);
	visitor->fd = fd;
	visitor->is_new = true;
	pthread_mutex_lock(&door->lock);
	visitor->next = door->all;
	visitor->link = &door->all;
	if (visitor->next != NULL)
		visitor->next->link = &visitor->next;
	door->all = visitor;
	door->count++;
	door->waiting++;
	door->has_accept_failed = false;
	pthread_mutex_unlock(&door->lock);
	watch(door, EPOLL_CTL_ADD, &visitor->fd);
}

static void on_accept_error(struct door *door)
{
	struct pollfd bell = { .fd = door->bell_fd, .events = POLLIN };
	bool is_news;

	/* another thread or process was faster, or there are no more */
	if (errno == EAGAIN || errno == EINTR)
		return;
	pthread_mutex_lock(&door->lock);
	is_news = !door->has_accept_failed;
	door->has_accept_failed = true;
	pthread_mutex_unlock(&door->lock);
	if (is_news)
		log_warn("cannot accept connections, trying on");
	keeper_give_way();
	poll(&bell, 1, ACCEPT_PAUSE_MS);
}

/* What was sent before can still be read, what is sent after is refused: the
 * web server sees that its request went nowhere, and repeats it elsewhere. A
 * new connection is not refused; it was not kept for what may come, but made
 * for what is about to. */
static void refuse_kept(struct door *door)
{
	struct visitor *visitor;

	for (visitor = door->all; visitor != NULL; visitor = visitor->next)
		if (!visitor->is_inside && !visitor->is_new)
			shutdown(visitor->fd, SHUT_RD);
}

static void accept_some(struct door *door)
{
	int fd = 0, i;

	for (i = 0; i < ACCEPT_MAX && fd != -1; i++) {
		fd = accept4(door->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			let_in(door, fd);
		else
			on_accept_error(door);
	}
	pthread_mutex_lock(&door->lock);
	door->is_full = is_too_many(door->count);
	if (door->is_full)
		refuse_kept(door);
	else if (!door->is_closing)
		watch(door, EPOLL_CTL_MOD, &door->listen_fd);
	pthread_mutex_unlock(&door->lock);
}

/* ---- who speaks ---- */

/* False: it is too late. */
static bool take(struct door *door, struct visitor *visitor)
{
	bool is_taken;

	pthread_mutex_lock(&door->lock);
	is_taken = !door->is_closed;
	if (is_taken) {
		visitor->is_inside = true;
		visitor->is_new = false;
		if (--door->waiting == 0)
			pthread_cond_signal(&door->left);
	}
	pthread_mutex_unlock(&door->lock);
	return is_taken;
}

/* Hands the connection over; false: it was closed, because what came is no
 * request. */
static bool read_request(struct visitor *visitor)
{
	FCGX_Request *fcgx = &visitor->exchange.fcgx;

	fcgx->ipcFd = visitor->fd;
	fcgx->detached = 1;
	/* there is no request before this one that it could end */
	fcgx->keepConnection = 1;
	return FCGX_Accept_r(fcgx) == 0;
}

/* The visitor, who has a request, or NULL. What was said before the end counts.
 * A request that is not all here is waited for, here or where its body is
 * read. */
static struct exchange *listen_to(struct door *door, struct visitor *visitor,
				  bool has_ended)
{
	ssize_t len;

	if (!take(door, visitor))
		return NULL;
	len = recv(visitor->fd, door->said, PEEK_BYTES,
		   MSG_PEEK | MSG_DONTWAIT);
	if (has_ended && len <= 0) {
		close(visitor->fd);
		forget(door, visitor);
		return NULL;
	}
	if (len <= 0 || !records_are_complete(span_of(door->said, (size_t)len)))
		keeper_give_way();
	if (read_request(visitor))
		return &visitor->exchange;
	forget(door, visitor);
	return NULL;
}

/* ---- who is called ---- */

void door_call(struct door *door, struct order *first, struct order *last)
{
	pthread_mutex_lock(&door->call_lock);
	*door->called_end = first;
	door->called_end = &last->next;
	pthread_mutex_unlock(&door->call_lock);
	/* a keeper who does not wait looks for who was called before it does */
	if (atomic_load(&door->is_attended))
		ring(door->call_fd);
}

/* The first who was called, or NULL. */
static struct exchange *take_called(struct door *door)
{
	struct order *order;

	pthread_mutex_lock(&door->call_lock);
	order = door->called;
	if (order != NULL)
		door->called = order->next;
	if (door->called == NULL)
		door->called_end = &door->called;
	pthread_mutex_unlock(&door->call_lock);
	return order == NULL ? NULL : order->exchange;
}

/* ---- in and out ---- */

static bool is_anybody_called(struct door *door)
{
	bool is_somebody;

	pthread_mutex_lock(&door->call_lock);
	is_somebody = door->called != NULL;
	pthread_mutex_unlock(&door->call_lock);
	return is_somebody;
}

/* Returns when there are news or somebody was called. */
static void wait_for_news(struct door *door)
{
	int count = 0;

	atomic_store(&door->is_attended, true);
	while (count <= 0 && !is_anybody_called(door)) {
		count = epoll_wait(door->epoll_fd, door->news, NEWS_MAX, -1);
		if (count == -1 && errno != EINTR)
			fatal("cannot wait for connections");
	}
	atomic_store(&door->is_attended, false);
	door->news_count = count > 0 ? count : 0;
	door->news_told = 0;
}

/* The visitor of whom there are news, if that is a request, or NULL. *is_over:
 * the bell rang. */
static struct exchange *hear(struct door *door, struct epoll_event news,
			     bool *is_over)
{
	int *fd = news.data.ptr;

	if (fd == &door->bell_fd)
		*is_over = true;
	else if (fd == &door->listen_fd)
		accept_some(door);
	else if (fd != &door->call_fd)
		return listen_to(door, (struct visitor *)(void *)fd,
				 (news.events &
				  (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
	return NULL;
}

struct exchange *door_enter(struct door *door)
{
	struct exchange *exchange = NULL;
	bool is_over = false;

	metric_add(&stats()->idle, 1);
	while (exchange == NULL && !is_over) {
		keeper_become(door->keeper);
		exchange = take_called(door);
		if (exchange != NULL)
			break;
		if (door->news_told == door->news_count)
			wait_for_news(door);
		else
			exchange = hear(door, door->news[door->news_told++],
					&is_over);
	}
	metric_add(&stats()->idle, -1);
	if (is_over)
		keeper_give_way();
	return exchange;
}

bool door_is_attended(struct door *door)
{
	return atomic_load(&door->is_attended);
}

void door_leave(struct door *door, struct exchange *exchange)
{
	struct visitor *visitor = exchange->visitor;
	bool is_kept = exchange->fcgx.ipcFd != -1;

	exchange->fcgx.ipcFd = -1;
	pthread_mutex_lock(&door->lock);
	if (is_kept && (door->is_closing || door->is_full)) {
		close(visitor->fd);
		is_kept = false;
	}
	/* the fd of one that is closed may be somebody else's by now */
	visitor->is_inside = !is_kept;
	door->waiting += is_kept;
	pthread_mutex_unlock(&door->lock);
	if (is_kept)
		watch(door, EPOLL_CTL_MOD, &visitor->fd);
	else
		forget(door, visitor);
}

/* ---- the end ---- */

void door_close(struct door *door)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CLOSE_MS / 1000;
	pthread_mutex_lock(&door->lock);
	door->is_closing = true;
	if (epoll_ctl(door->epoll_fd, EPOLL_CTL_DEL, door->listen_fd, NULL) ==
	    -1)
		fatal("cannot leave the listening socket");
	refuse_kept(door);
	while (door->waiting > 0 && error == 0)
		error = pthread_cond_timedwait(&door->left, &door->lock,
					       &until);
	door->is_closed = true;
	end_if_empty(door);
	pthread_mutex_unlock(&door->lock);
}
