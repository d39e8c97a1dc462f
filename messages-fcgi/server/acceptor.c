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
#include "messages-fcgi/leader.h"
#include "messages-fcgi/server/fcgi_record.h"

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

struct acceptor {
	int listen_fd, epoll_fd;
	int call_fd;           /* somebody was called */
	int bell_fd;           /* it is time to go home */
	struct leader *leader; /* the thread that may touch the next four */
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
	struct submission *called, **called_end;
};

/* Each is found by the address of its fd. A write to call_fd is news once, one
 * to bell_fd for everybody. */
static void watch(struct acceptor *acceptor, int operation, int *fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
				     .data.ptr = fd };

	if (fd == &acceptor->call_fd)
		event.events |= EPOLLET;
	else if (fd != &acceptor->bell_fd)
		event.events |= EPOLLONESHOT;
	if (epoll_ctl(acceptor->epoll_fd, operation, *fd, &event) == -1)
		fatal("cannot watch a connection");
}

struct acceptor *acceptor_new(int listen_fd)
{
	struct acceptor *acceptor = xcalloc(1, sizeof(*acceptor));
	pthread_condattr_t attr;

	acceptor->listen_fd = listen_fd;
	acceptor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	acceptor->call_fd = eventfd(0, EFD_CLOEXEC);
	acceptor->bell_fd = eventfd(0, EFD_CLOEXEC);
	if (acceptor->epoll_fd == -1 || acceptor->call_fd == -1 ||
	    acceptor->bell_fd == -1)
		fatal("cannot wait for connections");
	acceptor->leader = leader_new();
	acceptor->called_end = &acceptor->called;
	pthread_mutex_init(&acceptor->lock, NULL);
	pthread_mutex_init(&acceptor->call_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&acceptor->left, &attr);
	pthread_condattr_destroy(&attr);
	watch(acceptor, EPOLL_CTL_ADD, &acceptor->bell_fd);
	watch(acceptor, EPOLL_CTL_ADD, &acceptor->call_fd);
	watch(acceptor, EPOLL_CTL_ADD, &acceptor->listen_fd);
	return acceptor;
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
static void end_if_empty(struct acceptor *acceptor)
{
	if (acceptor->is_closed && acceptor->count == acceptor->waiting)
		ring(acceptor->bell_fd);
}

/* Of the connection, only what is ours goes: libfcgi may have closed it. */
static void forget(struct acceptor *acceptor, struct visitor *visitor)
{
	pthread_mutex_lock(&acceptor->lock);
	*visitor->link = visitor->next;
	if (visitor->next != NULL)
		visitor->next->link = visitor->link;
	acceptor->count--;
	if (acceptor->is_full && !acceptor->is_closing) {
		acceptor->is_full = false;
		watch(acceptor, EPOLL_CTL_MOD, &acceptor->listen_fd);
	}
	end_if_empty(acceptor);
	pthread_mutex_unlock(&acceptor->lock);
	exchange_release(&visitor->exchange);
	free(visitor);
}

void acceptor_free(struct acceptor *acceptor)
{
	while (acceptor->all != NULL) {
		close(acceptor->all->fd);
		forget(acceptor, acceptor->all);
	}
	close(acceptor->epoll_fd);
	close(acceptor->call_fd);
	close(acceptor->bell_fd);
	pthread_cond_destroy(&acceptor->left);
	pthread_mutex_destroy(&acceptor->call_lock);
	pthread_mutex_destroy(&acceptor->lock);
	leader_free(acceptor->leader);
	free(acceptor);
}

/* ---- who comes ---- */

static void limit_waits(int fd)
{
	const struct timeval timeout = { PEER_TIMEOUT_S, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static void let_in(struct acceptor *acceptor, int fd)
{
	struct visitor *visitor = xcalloc(1, sizeof(*visitor));

	limit_waits(fd);
	exchange_init(&visitor->exchange);
	visitor->fd = fd;
	visitor->is_new = true;
	pthread_mutex_lock(&acceptor->lock);
	visitor->next = acceptor->all;
	visitor->link = &acceptor->all;
	if (visitor->next != NULL)
		visitor->next->link = &visitor->next;
	acceptor->all = visitor;
	acceptor->count++;
	acceptor->waiting++;
	acceptor->has_accept_failed = false;
	pthread_mutex_unlock(&acceptor->lock);
	watch(acceptor, EPOLL_CTL_ADD, &visitor->fd);
}

static void on_accept_error(struct acceptor *acceptor)
{
	struct pollfd bell = { .fd = acceptor->bell_fd, .events = POLLIN };
	bool is_news;

	/* another thread or process was faster, or there are no more */
	if (errno == EAGAIN || errno == EINTR)
		return;
	pthread_mutex_lock(&acceptor->lock);
	is_news = !acceptor->has_accept_failed;
	acceptor->has_accept_failed = true;
	pthread_mutex_unlock(&acceptor->lock);
	if (is_news)
		log_warn("cannot accept connections, trying on");
	leader_give_way();
	poll(&bell, 1, ACCEPT_PAUSE_MS);
}

/* What was sent before can still be read, what is sent after is refused: the
 * web server sees that its request went nowhere, and repeats it elsewhere. A
 * new connection is not refused; it was not kept for what may come, but made
 * for what is about to. */
static void refuse_kept(struct acceptor *acceptor)
{
	struct visitor *visitor;

	for (visitor = acceptor->all; visitor != NULL; visitor = visitor->next)
		if (!visitor->is_inside && !visitor->is_new)
			shutdown(visitor->fd, SHUT_RD);
}

static void accept_some(struct acceptor *acceptor)
{
	int fd = 0, i;

	for (i = 0; i < ACCEPT_MAX && fd != -1; i++) {
		fd = accept4(acceptor->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			let_in(acceptor, fd);
		else
			on_accept_error(acceptor);
	}
	pthread_mutex_lock(&acceptor->lock);
	acceptor->is_full = is_too_many(acceptor->count);
	if (acceptor->is_full)
		refuse_kept(acceptor);
	else if (!acceptor->is_closing)
		watch(acceptor, EPOLL_CTL_MOD, &acceptor->listen_fd);
	pthread_mutex_unlock(&acceptor->lock);
}

/* ---- who speaks ---- */

/* False: it is too late. */
static bool take(struct acceptor *acceptor, struct visitor *visitor)
{
	bool is_taken;

	pthread_mutex_lock(&acceptor->lock);
	is_taken = !acceptor->is_closed;
	if (is_taken) {
		visitor->is_inside = true;
		visitor->is_new = false;
		if (--acceptor->waiting == 0)
			pthread_cond_signal(&acceptor->left);
	}
	pthread_mutex_unlock(&acceptor->lock);
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
static struct exchange *listen_to(struct acceptor *acceptor,
				  struct visitor *visitor, bool has_ended)
{
	ssize_t len;

	if (!take(acceptor, visitor))
		return NULL;
	len = recv(visitor->fd, acceptor->said, PEEK_BYTES,
		   MSG_PEEK | MSG_DONTWAIT);
	if (has_ended && len <= 0) {
		close(visitor->fd);
		forget(acceptor, visitor);
		return NULL;
	}
	if (len <= 0 || !fcgi_record_stream_is_complete(
				span_of(acceptor->said, (size_t)len)))
		leader_give_way();
	if (read_request(visitor))
		return &visitor->exchange;
	forget(acceptor, visitor);
	return NULL;
}

/* ---- who is called ---- */

void acceptor_call(struct acceptor *acceptor, struct submission *first,
		   struct submission *last)
{
	pthread_mutex_lock(&acceptor->call_lock);
	*acceptor->called_end = first;
	acceptor->called_end = &last->next;
	pthread_mutex_unlock(&acceptor->call_lock);
	/* a keeper who does not wait looks for who was called before it does */
	if (atomic_load(&acceptor->is_attended))
		ring(acceptor->call_fd);
}

/* The first who was called, or NULL. */
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

/* ---- in and out ---- */

static bool is_anybody_called(struct acceptor *acceptor)
{
	bool is_somebody;

	pthread_mutex_lock(&acceptor->call_lock);
	is_somebody = acceptor->called != NULL;
	pthread_mutex_unlock(&acceptor->call_lock);
	return is_somebody;
}

/* Returns when there are news or somebody was called. */
static void wait_for_news(struct acceptor *acceptor)
{
	int count = 0;

	atomic_store(&acceptor->is_attended, true);
	while (count <= 0 && !is_anybody_called(acceptor)) {
		count = epoll_wait(acceptor->epoll_fd, acceptor->news, NEWS_MAX,
				   -1);
		if (count == -1 && errno != EINTR)
			fatal("cannot wait for connections");
	}
	atomic_store(&acceptor->is_attended, false);
	acceptor->news_count = count > 0 ? count : 0;
	acceptor->news_told = 0;
}

/* The visitor of whom there are news, if that is a request, or NULL. *is_over:
 * the bell rang. */
static struct exchange *hear(struct acceptor *acceptor, struct epoll_event news,
			     bool *is_over)
{
	int *fd = news.data.ptr;

	if (fd == &acceptor->bell_fd)
		*is_over = true;
	else if (fd == &acceptor->listen_fd)
		accept_some(acceptor);
	else if (fd != &acceptor->call_fd)
		return listen_to(acceptor, (struct visitor *)(void *)fd,
				 (news.events &
				  (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
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
		if (acceptor->news_told == acceptor->news_count)
			wait_for_news(acceptor);
		else
			exchange = hear(acceptor,
					acceptor->news[acceptor->news_told++],
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
	struct visitor *visitor =
		container_of(exchange, struct visitor, exchange);
	bool is_kept = exchange->fcgx.ipcFd != -1;

	exchange->fcgx.ipcFd = -1;
	pthread_mutex_lock(&acceptor->lock);
	if (is_kept && (acceptor->is_closing || acceptor->is_full)) {
		close(visitor->fd);
		is_kept = false;
	}
	/* the fd of one that is closed may be somebody else's by now */
	visitor->is_inside = !is_kept;
	acceptor->waiting += is_kept;
	pthread_mutex_unlock(&acceptor->lock);
	if (is_kept)
		watch(acceptor, EPOLL_CTL_MOD, &visitor->fd);
	else
		forget(acceptor, visitor);
}

/* ---- the end ---- */

void acceptor_close(struct acceptor *acceptor)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CLOSE_MS / 1000;
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
