/* SPDX-License-Identifier: MIT
 *
 * So many a second, and a count of the rest: for log lines that a crowd of
 * peers can cause. Embedded in its owner; all zero is a new one. Pure.
 */
#ifndef RELAY_NET_LOG_THROTTLE_H
#define RELAY_NET_LOG_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct log_throttle {
	uint32_t second;
	uint32_t passed, held_back;
};

/* Whether one more may pass in this second, of which max may. What was held
 * back in an earlier second is returned in *held_back, once. */
bool log_throttle_pass(struct log_throttle *throttle, uint32_t now_s,
		       uint32_t max, uint32_t *held_back);

#endif
