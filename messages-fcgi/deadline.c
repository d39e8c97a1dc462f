/* SPDX-License-Identifier: MIT
 *
 * CLOCK_MONOTONIC, which is the clock of clock_ms, too.
 */
#include "messages-fcgi/deadline.h"

void deadline_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec deadline_after(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

struct timespec deadline_at(int64_t at_ms)
{
	return (struct timespec){ at_ms / 1000, at_ms % 1000 * 1000000 };
}
