/* SPDX-License-Identifier: MIT
 *
 * The highest recent value, for a reader that samples now and then. Embedded in
 * its owner; all zero is the initial state. Pure: the caller passes the time.
 */
#ifndef RELAY_NET_PEAK_H
#define RELAY_NET_PEAK_H

#include <stdbool.h>
#include <stdint.h>

/* A value counts for at least this long and at most twice as long. Must exceed
 * the interval between two samples. */
#define PEAK_WINDOW_S 30

struct peak {
	int64_t highest, last; /* of this window, and of the one before */
	uint32_t since_s;      /* when this one began */
};

/* Records the value n. */
static inline void peak_note(struct peak *peak, int64_t n)
{
	if (peak->highest < n)
		peak->highest = n;
}

/* Call each second. */
static inline void peak_turn(struct peak *peak, uint32_t now_s)
{
	if (now_s - peak->since_s < PEAK_WINDOW_S)
		return;
	*peak = (struct peak){ .last = peak->highest, .since_s = now_s };
}

static inline int64_t peak_value(const struct peak *peak)
{
	return peak->highest > peak->last ? peak->highest : peak->last;
}

#endif
