/* SPDX-License-Identifier: MIT
 *
 * Deadlines for waits on condition variables, by the clock that never jumps.
 */
#ifndef MESSAGES_FCGI_DEADLINE_H
#define MESSAGES_FCGI_DEADLINE_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Initializes a condition variable whose timed waits take these deadlines. The
 * caller destroys it with pthread_cond_destroy. */
void deadline_cond_init(pthread_cond_t *cond);

/* The moment in ms milliseconds from now; ms >= 0. */
struct timespec deadline_after(int64_t ms);

/* The moment at which clock_ms() is at_ms; at_ms >= 0. */
struct timespec deadline_at(int64_t at_ms);

#endif
