/* SPDX-License-Identifier: MIT
 *
 * The highest of what was seen lately, for who looks now and then. Embedded in
 * its owner; all zero is a new one. Pure: the caller brings the time.
 */
#ifndef RELAY_NET_PEAK_H
#define RELAY_NET_PEAK_H

#include <stdbool.h>
#include <stdint.h>

/* What is seen counts for so long at least, and for twice that at most: longer
 * than the pause between two looks. */
#define PEAK_WINDOW_S 30

struct peak {
	int64_t highest, last; /* of this window, and of the one before */
	uint32_t since_s;      /* when this one began */
};

/* n was seen. */
static inline void peak_note(struct peak *peak, int64_t n)
{
	if (peak->highest < n)
		peak->highest = n;
}

/* To be called each second. */
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
