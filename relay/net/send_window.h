/* SPDX-License-Identifier: MIT
 *
 * When what is queued for a peer may leave: at once after quiet, else when the
 * window is over, together with what comes until then. Windows are numbered,
 * and a peer remembers in which it was sent something: nothing is timed for
 * each of them. Embedded in its owner. Pure: the caller brings the time.
 *
 *   quiet | sent at once, new window | collected … | sent, new window | quiet
 */
#ifndef RELAY_NET_SEND_WINDOW_H
#define RELAY_NET_SEND_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct send_window {
	int64_t length_us; /* 0: everything leaves at once */
	int64_t ends_us;
	uint32_t number;
	bool is_new; /* its time begins when what opened it has left */
};

/* The first window is over. */
#define SEND_WINDOW_INIT(length) ((struct send_window){ .length_us = (length) })

/* Whether a peer may be sent something now, which was sent something in window
 * *last before. If so, *last is the window that is open. */
static inline bool send_window_pass(struct send_window *window, uint32_t *last,
				    int64_t now_us)
{
	if (!window->is_new && now_us >= window->ends_us) {
		window->number++;
		window->is_new = true;
	}
	if (*last == window->number && !window->is_new)
		return false;
	*last = window->number;
	return true;
}

/* All that might leave has left: however long that took, from here on the
 * window lasts its time. */
static inline void send_window_begin(struct send_window *window, int64_t now_us)
{
	if (window->is_new)
		window->ends_us = now_us + window->length_us;
	window->is_new = false;
}

/* Everybody passes, into a new one. */
static inline void send_window_end(struct send_window *window)
{
	window->is_new = false;
	window->ends_us = INT64_MIN;
}

#endif
