/* SPDX-License-Identifier: MIT
 *
 * epoll and timers. A worker has a handful of timers, so a sorted list is
 * enough; the timeouts of peers are in the lists of conn.
 */
#include "relay/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "relay/stats.h"

/* Events in one turn: enough to coalesce simultaneous input, few enough to keep
 * the turn short. */
#define EVENTS_MAX 512

struct loop {
	int epoll_fd;
	bool is_stopped;
	int64_t now_us, now_ms;
	struct loop_timer *timers;
	loop_turn_fn *turn_fn;
	void *turn_ctx;
	struct epoll_event events[EVENTS_MAX];
};

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd == -1)
		fatal("cannot create an epoll instance");
	loop->now_us = clock_us();
	loop->now_ms = loop->now_us / 1000;
	return loop;
}

void loop_free(struct loop *loop)
{
	close(loop->epoll_fd);
	free(loop);
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

static uint32_t epoll_events(unsigned events)
{
	return ((events & LOOP_READ) ? EPOLLIN : 0u) |
	       ((events & LOOP_WRITE) ? EPOLLOUT : 0u);
}

static void control(struct loop *loop, int op, struct loop_watch *watch,
		    uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->epoll_fd, op, watch->fd, &event) == -1)
		fatal("cannot watch a file descriptor");
}

static void add_watch(struct loop *loop, struct loop_watch *watch, int fd,
		      unsigned events, uint32_t flags, loop_watch_fn *fn)
{
	watch->fd = fd;
	watch->events = events;
	watch->fn = fn;
	control(loop, EPOLL_CTL_ADD, watch, epoll_events(events) | flags);
}

void loop_add(struct loop *loop, struct loop_watch *watch, int fd,
	      unsigned events, loop_watch_fn *fn)
{
	add_watch(loop, watch, fd, events, 0, fn);
}

void loop_add_exclusive(struct loop *loop, struct loop_watch *watch, int fd,
			loop_watch_fn *fn)
{
	add_watch(loop, watch, fd, LOOP_READ, EPOLLEXCLUSIVE, fn);
}

void loop_change(struct loop *loop, struct loop_watch *watch, unsigned events)
{
	if (watch->events == events)
		return;
	watch->events = events;
	control(loop, EPOLL_CTL_MOD, watch, epoll_events(events));
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	if (watch->fd == -1)
		return;
	/* fails if a library has closed the fd, which removes it from epoll */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
}

void loop_clear_timer(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	if (!timer->is_set)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->is_set = false;
}

void loop_set_timer(struct loop *loop, struct loop_timer *timer,
		    int64_t after_ms, loop_timer_fn *fn)
{
	struct loop_timer **at = &loop->timers;

	loop_clear_timer(loop, timer);
	timer->at_ms = clock_ms() + after_ms;
	timer->fn = fn;
	while (*at != NULL && (*at)->at_ms <= timer->at_ms)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	timer->is_set = true;
}

void loop_on_turn_end(struct loop *loop, loop_turn_fn *fn, void *ctx)
{
	assert(loop->turn_fn == NULL);
	loop->turn_fn = fn;
	loop->turn_ctx = ctx;
}

static int wait_ms(const struct loop *loop)
{
	int64_t left;

	if (loop->timers == NULL)
		return -1;
	left = loop->timers->at_ms - clock_ms();
	return left < 0 ? 0 : (int)left;
}

/* Runs the timers due at the start of the turn, including those that timers set
 * for that same time. */
static void run_timers(struct loop *loop)
{
	while (loop->timers != NULL && loop->timers->at_ms <= loop->now_ms) {
		struct loop_timer *timer = loop->timers;

		loop_clear_timer(loop, timer);
		timer->fn(timer);
	}
}

static void dispatch(const struct epoll_event *event)
{
	struct loop_watch *watch = event->data.ptr;
	unsigned events = 0;

	/* removed by an earlier handler in this turn */
	if (watch->fd == -1)
		return;
	if (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		events |= LOOP_READ;
	if (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		events |= LOOP_WRITE;
	watch->fn(watch, events);
}

void loop_run(struct loop *loop)
{
	while (!loop->is_stopped) {
		int count, i;

		count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX,
				   wait_ms(loop));
		if (count == -1 && errno != EINTR)
			fatal("cannot wait for events");
		loop->now_us = clock_us();
		loop->now_ms = loop->now_us / 1000;
		metric_set(&stats()->turned_ms, loop->now_ms);
		for (i = 0; i < count; i++)
			dispatch(&loop->events[i]);
		run_timers(loop);
		if (loop->turn_fn != NULL)
			loop->turn_fn(loop->turn_ctx);
		metric_observe(&stats()->turns, &metric_seconds,
			       clock_us() - loop->now_us);
	}
}
