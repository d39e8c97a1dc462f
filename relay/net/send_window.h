/* SPDX-License-Identifier: MIT
 *
 * Decides when a peer's queue may be sent: at once after quiet, else at the end
 * of the window, together with all that arrives until then. Windows are
 * numbered and a peer stores the number of its last one, so no peer needs a
 * timer. Embedded in its owner. Pure: the caller passes the time.
 *
 *   quiet | sent at once, new window | collected … | sent, new window | quiet
 */
#ifndef RELAY_NET_SEND_WINDOW_H
#define RELAY_NET_SEND_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct send_window {
	int64_t length_us; /* 0: everything is sent at once */
	int64_t ends_us;
	uint32_t number;
	bool is_new; /* its time begins with send_window_begin */
};

/* Starts with no open window. */
#define SEND_WINDOW_INIT(length) ((struct send_window){ .length_us = (length) })

/* Whether a peer may be sent events now; *last is the window in which it last
 * was. If true, sets *last to the open window. */
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

/* Call after sending. A new window starts here, so that the time spent on
 * sending does not shorten it. */
static inline void send_window_begin(struct send_window *window, int64_t now_us)
{
	if (window->is_new)
		window->ends_us = now_us + window->length_us;
	window->is_new = false;
}

/* Ends the window: every peer passes next, into a new window. */
static inline void send_window_end(struct send_window *window)
{
	window->is_new = false;
	window->ends_us = INT64_MIN;
}

#endif
