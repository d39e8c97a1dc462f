/* SPDX-License-Identifier: MIT
 *
 * The event loop of a worker: file descriptors, timers, and a hook at the end
 * of each turn. Single-threaded. Knows nothing of its users.
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

/* events: the ready directions. An error or a hang-up sets both, so that the
 * next read or write reports it. */
typedef void loop_watch_fn(struct loop_watch *watch, unsigned events);
typedef void loop_timer_fn(struct loop_timer *timer);
typedef void loop_turn_fn(void *ctx);

/* Embedded in its owner, which container_of finds. A removed watch is never
 * called, not even for an event that was ready before; its memory must stay
 * valid until the end of the turn. */
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

/* Runs until loop_stop, and finishes the turn that called loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* clock_ms() and clock_us() at the start of the turn. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_now_us(const struct loop *loop);

/* The caller keeps fd and closes it. */
void loop_add(struct loop *loop, struct loop_watch *watch, int fd,
	      unsigned events, loop_watch_fn *fn);

/* As loop_add for reading, but one event does not wake all processes that
 * watch fd (EPOLLEXCLUSIVE). */
void loop_add_exclusive(struct loop *loop, struct loop_watch *watch, int fd,
			loop_watch_fn *fn);

void loop_change(struct loop *loop, struct loop_watch *watch, unsigned events);

/* No-op on a watch that is not watched. */
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Calls timer->fn once, in after_ms. Replaces the time of a set timer. */
void loop_set_timer(struct loop *loop, struct loop_timer *timer,
		    int64_t after_ms, loop_timer_fn *fn);
void loop_clear_timer(struct loop *loop, struct loop_timer *timer);

/* Sets the one function that the loop calls at the end of every turn. */
void loop_on_turn_end(struct loop *loop, loop_turn_fn *fn, void *ctx);

#endif
