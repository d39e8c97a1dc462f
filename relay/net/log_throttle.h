/* SPDX-License-Identifier: MIT
 *
 * Limits log lines that a crowd of peers can cause: passes up to a number of
 * lines a second and counts the rest. Embedded in its owner; all zero is the
 * initial state. Pure.
 */
#ifndef RELAY_NET_LOG_THROTTLE_H
#define RELAY_NET_LOG_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct log_throttle {
	uint32_t second;
	uint32_t passed, held_back;
};

/* Whether one more line may pass, with at most max lines in a second. Sets
 * *held_back to the lines held back in an earlier second, each counted once. */
bool log_throttle_pass(struct log_throttle *throttle, uint32_t now_s,
		       uint32_t max, uint32_t *held_back);

#endif
