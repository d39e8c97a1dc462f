/* SPDX-License-Identifier: MIT
 *
 * The event loop of a worker: file descriptors, timers, and what is done at
 * the end of each turn. One thread. Knows nothing of what it waits for.
 */
#ifndef RELAY_NET_LOOP_H
#define RELAY_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

#define LOOP_READ 0x1u
#define LOOP_WRITE 0x2u

/* events: what is ready. An error or a hang-up counts as both, so that the
 * next read or write finds out. */
typedef void loop_watch_fn(struct loop_watch *watch, unsigned events);
typedef void loop_timer_fn(struct loop_timer *timer);
typedef void loop_turn_fn(void *ctx);

/* Embedded in its owner, who finds itself by container_of. A watch that was
 * removed is not called any more, not even for what was ready already; its
 * memory must stay until the end of the turn. */
struct loop_watch {
	loop_watch_fn *fn;
	int fd; /* -1: not watched */
	unsigned events;
};

struct loop_timer {
	loop_timer_fn *fn;
	int64_t at_ms;           /* of clock_ms() */
	struct loop_timer *next; /* by rising at_ms */
	bool is_set;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop; finishes the turn it was called in. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* clock_ms() and clock_us() at the start of the turn. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_now_us(const struct loop *loop);

/* fd stays the caller's. */
void loop_add(struct loop *loop, struct loop_watch *watch, int fd,
	      unsigned events, loop_watch_fn *fn);

/* As loop_add for reading; of several processes that watch fd, not all are
 * woken by one event. */
void loop_add_exclusive(struct loop *loop, struct loop_watch *watch, int fd,
			loop_watch_fn *fn);

void loop_change(struct loop *loop, struct loop_watch *watch, unsigned events);

/* Harmless on a watch that is not watched. */
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Calls timer->fn once, in after_ms; a timer that is set already is moved. */
void loop_set_timer(struct loop *loop, struct loop_timer *timer,
		    int64_t after_ms, loop_timer_fn *fn);
void loop_clear_timer(struct loop *loop, struct loop_timer *timer);

/* The one function that is called at the end of every turn. */
void loop_on_turn_end(struct loop *loop, loop_turn_fn *fn, void *ctx);

#endif
